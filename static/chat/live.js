// What a screen reader says. One polite place, one urgent one; a burst of messages is one sentence.
import { plain } from './markdown.js';
import { spoken } from './marks.js';
import { t } from './i18n.js';

const BURST = 3;
const WINDOW = 5000;
const LONGEST = 120;

export function createAnnouncer({ polite, urgent, now = Date.now }) {
  let recent = [];
  let held = 0;
  let timer = null;
  let drawing = null;
  const write = (place, text) => {
    place.textContent = '';
    const frame = requestAnimationFrame(() => {
      place.textContent = text;
    });
    if (place === polite) drawing = frame;
  };
  return {
    say: (text) => write(polite, text),
    alert: (text) => write(urgent, text),
    /** What was said aloud of a room must not stay in the page when the room may no longer be seen. */
    forget() {
      cancelAnimationFrame(drawing);
      clearTimeout(timer);
      held = 0;
      polite.textContent = '';
    },
    /** A message that arrived in the open room. */
    message({ author, message, defaultMarking }) {
      recent = recent.filter((at) => now() - at < WINDOW);
      recent.push(now());
      if (recent.length <= BURST) {
        write(polite, spokenMessage(author, message, defaultMarking));
        return;
      }
      held += 1;
      clearTimeout(timer);
      timer = setTimeout(() => {
        write(polite, t('live.burst', { n: held }));
        held = 0;
      }, 1000);
    },
  };
}

function spokenMessage(author, message, defaultMarking) {
  const marking = message.marking === defaultMarking ? '' : `${spoken(message.marking)}. `;
  if (message.view === 'withheld' || message.view === 'unreadable') return t('live.withheld', { author });
  const text = message.parts.map((part) => (part.withheld ? '' : plain(part.md))).join(' ').replace(/\s+/g, ' ').trim();
  return `${author}: ${marking}${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`;
}
