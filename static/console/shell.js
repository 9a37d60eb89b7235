// The frame: the sidebar folds, finds pages, and is a sheet on narrow screens. Everything works without it but these.
const narrow = matchMedia('(max-width: 1199px)');
const toggle = document.querySelector('.uf-toggle');
const nav = document.getElementById('console-nav');
const filter = document.getElementById('nav-filter');

function show(open) {
  document.body.dataset.nav = open ? 'open' : 'shut';
  toggle.setAttribute('aria-expanded', String(open));
}

toggle?.addEventListener('click', () => {
  const open = toggle.getAttribute('aria-expanded') !== 'true';
  show(open);
  if (open && narrow.matches) nav.querySelector('a')?.focus();
});

function settle() {
  show(!narrow.matches);
}
narrow.addEventListener('change', settle);
if (toggle && nav) settle();

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && narrow.matches && document.body.dataset.nav === 'open') {
    show(false);
    toggle.focus();
  }
  if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && filter) {
    event.preventDefault();
    show(true);
    filter.focus();
    filter.select();
  }
});

filter?.addEventListener('input', () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const item of nav.querySelectorAll('.uf-nav li')) {
    item.hidden = wanted !== '' && !item.textContent.trim().toLowerCase().includes(wanted);
  }
  for (const section of nav.querySelectorAll('.uf-nav section')) {
    section.hidden = [...section.querySelectorAll('li')].every((item) => item.hidden);
  }
});

filter?.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') nav.querySelector('.uf-nav li:not([hidden]) a')?.click();
});

// Menus that open by <details> close when one looks elsewhere.
document.addEventListener('click', (event) => {
  for (const open of document.querySelectorAll('details.pick[open], details.uf-user[open]')) {
    if (!open.contains(event.target)) open.open = false;
  }
});
