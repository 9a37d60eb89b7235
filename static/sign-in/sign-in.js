// What the sign-in form does beyond HTML: shows the password, and counts down while sign-in is paused.

for (const button of document.querySelectorAll('[data-show]')) {
  const field = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener('click', () => {
    const shown = field.type === 'password';
    field.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
    button.querySelector('use').setAttribute('href', shown ? '#i-eye-off' : '#i-eye');
    field.focus();
  });
}

const paused = document.querySelector('[data-until]');
if (paused) {
  const until = Date.parse(paused.dataset.until);
  const usual = paused.textContent;
  paused.form.addEventListener('submit', (event) => Date.now() < until && event.preventDefault());
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const waits = left > 0;
    paused.setAttribute('aria-disabled', String(waits));
    paused.classList.toggle('btn-primary', !waits);
    paused.textContent = waits ? `${paused.dataset.again} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}` : usual;
    if (waits) setTimeout(tick, 1000);
  };
  tick();
}
