/* Runs first and in any browser: says when it is too old, and sets the look before the first paint. No syntax newer than 2015. */
(function () {
  var root = document.documentElement;
  var css = window.CSS && CSS.supports;
  var fits =
    css && CSS.supports('color', 'light-dark(#000, #fff)') && CSS.supports('selector(:has(a))') && CSS.supports('selector(&)') &&
    window.HTMLScriptElement && HTMLScriptElement.supports && HTMLScriptElement.supports('importmap') && 'BroadcastChannel' in window;
  root.setAttribute('data-floor', fits ? 'ok' : 'old');
  try {
    var look = JSON.parse(localStorage.getItem('cordon.look')) || {};
    if (look.theme === 'light' || look.theme === 'dark') root.setAttribute('data-theme', look.theme);
    if (look.contrast === 'more' || look.contrast === 'normal') root.setAttribute('data-contrast', look.contrast);
    if (look.density === 'compact' || look.density === 'comfortable') root.setAttribute('data-density', look.density);
  } catch (ignored) {
    /* the defaults of the sheet */
  }
})();
