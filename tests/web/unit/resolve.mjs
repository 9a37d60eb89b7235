// Lets node run the client's modules as the browser does: ES modules, bare names from the import map.
import { register } from 'node:module';

register('./resolve-hooks.mjs', import.meta.url);
