// Theme, contrast and density of the page. They are kept on this device so that the first paint is right (floor.js);
// nothing else of the client is.
const KEY = 'cordon.look';

export function applyLook({ theme, contrast, density }) {
  const root = document.documentElement;
  const set = (name, value, without) => (value && value !== without ? (root.dataset[name] = value) : delete root.dataset[name]);
  set('theme', theme, 'system');
  set('contrast', contrast, 'system');
  set('density', density, 'normal');
  try {
    localStorage.setItem(KEY, JSON.stringify({ theme, contrast, density }));
  } catch {
    // A browser that keeps nothing shows the look all the same.
  }
}

export function keptLook() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
