const STATIC = new URL('../../../static/', import.meta.url).href;
const BARE = {
  preact: 'vendor/preact.js',
  'preact/hooks': 'vendor/preact-hooks.js',
  htm: 'vendor/htm.js',
  'markdown-it': 'vendor/markdown-it.js',
};

export async function resolve(specifier, context, next) {
  const found = await next(BARE[specifier] ? STATIC + BARE[specifier] : specifier, context);
  return found.url.startsWith(STATIC) && found.url.endsWith('.js') ? { ...found, format: 'module' } : found;
}
