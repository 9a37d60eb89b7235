/* Loaded before every other script of the console. One `default` policy catches markup that scripts of the Django admin
   hand to the page: it lets inert markup through and refuses whatever could run. It makes no scripts and no script
   addresses, so those sinks stay shut. A net under code that is not ours, never a sanitiser: our own scripts build nodes. */
(function () {
  'use strict';
  if (!window.trustedTypes || !window.trustedTypes.createPolicy) return;
  var active = /<\s*(script|iframe|object|embed|base|meta|link|style|svg|math|form)\b|[\s"'\/]on[a-z]+\s*=|javascript:|srcdoc/i;
  window.trustedTypes.createPolicy('default', {
    createHTML: function (markup) {
      var text = String(markup);
      return active.test(text) ? null : text;
    },
  });
})();
