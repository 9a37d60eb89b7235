// Suggests people while a field that names one is typed. The field works without it: it takes a user name.
const source = document.querySelector('script[data-people]')?.dataset.people ?? '/console/suggest/people/';
const WAIT = 150;

for (const field of document.querySelectorAll('[data-suggest="people"]')) attach(field);

function attach(field) {
  const list = document.createElement('datalist');
  list.id = `${field.id || field.name}-people`;
  field.after(list);
  field.setAttribute('list', list.id);
  let timer = 0;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => fill(field, list), WAIT);
  });
}

async function fill(field, list) {
  const typed = field.value.trim();
  if (!typed) return list.replaceChildren();
  const answer = await fetch(`${source}?q=${encodeURIComponent(typed)}`, { redirect: 'error' }).catch(() => null);
  if (!answer?.ok) return;
  const { found } = await answer.json();
  list.replaceChildren(
    ...found.map(({ value, label }) => {
      const option = document.createElement('option');
      option.value = value;
      option.label = label;
      return option;
    }),
  );
}
