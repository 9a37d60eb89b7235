// The scrolling list of a room or thread. Only a window of the rows is in the page, however many are loaded; whatever is
// put in, above or below, what the reader sees stays where it is. Within 48 px of the end it sticks to the end.
import { Component, html, icon } from '../dom.js';
import { counted, t } from '../i18n.js';
import { createReader } from '../reading.js';

const STICKY = 48;
const AHEAD = 900;
const FIRST = 60;
const STEP = 40;
const MOST = 160;
const focusable = (row) => row.kind === 'message' || row.kind === 'pending';

/** The key of the first message from here on: days and the "new" line move when older pages come, messages do not. */
const keyAt = (rows, at) => rows.slice(Math.max(0, at)).find(focusable)?.key ?? null;

/** Where the window starts after a page was opened: at the "new" line a quarter down, else at the end. */
function landing({ rows, epoch }) {
  const at = rows.findIndex((row) => row.kind === 'new');
  if (at < 0) return { epoch, stuck: true, first: null, size: FIRST, active: null, land: 'end', mark: null };
  const lo = Math.max(0, at - FIRST / 2);
  return { epoch, stuck: false, first: keyAt(rows, lo), size: FIRST + STEP, active: null, land: 'new', mark: rows[at - 1]?.key ?? '' };
}

export class Feed extends Component {
  constructor(props) {
    super(props);
    this.state = landing(props);
    this.onScroll = this.onScroll.bind(this);
    this.keys = this.keys.bind(this);
  }

  static getDerivedStateFromProps(props, state) {
    return props.epoch === state.epoch ? null : landing(props);
  }

  bounds({ rows } = this.props, { stuck, first, size } = this.state) {
    if (stuck) return [Math.max(0, rows.length - size), rows.length];
    const at = rows.findIndex((row) => row.key === first);
    let lo = at < 0 ? Math.max(0, rows.length - size) : at;
    while (lo > 0 && !focusable(rows[lo - 1])) lo -= 1;
    return [lo, Math.min(rows.length, lo + size)];
  }

  componentDidMount() {
    this.reader = createReader({ lastInView: () => this.lastInView(), seen: (id) => this.props.onSeen?.(id) });
    this.observer = new ResizeObserver(() => this.state.stuck && this.toEnd());
    this.observer.observe(this.box);
    this.observer.observe(this.list);
    this.land();
  }

  componentWillUnmount() {
    this.reader.stop();
    this.observer.disconnect();
  }

  getSnapshotBeforeUpdate() {
    if (this.state.stuck || !this.box) return null;
    const top = this.box.getBoundingClientRect().top;
    for (const row of this.list.children) {
      const rect = row.getBoundingClientRect();
      if (row.dataset.key && rect.bottom > top + 1) return { key: row.dataset.key, offset: rect.top - top };
    }
    return null;
  }

  componentDidUpdate(props, before, anchor) {
    if (before.epoch === this.state.epoch && this.hasSent(props.rows)) this.jump();
    if (before.epoch !== this.state.epoch) this.land();
    else if (this.state.stuck) this.toEnd();
    else if (anchor) this.hold(anchor);
    if (this.wanted) this.focusWanted();
    this.reader.poke();
    if (props.rows !== this.props.rows || before.first !== this.state.first) this.onScroll();
  }

  /** Whether a message of one's own was added since, which one wants to see on its way. */
  hasSent(rows) {
    const last = this.props.rows.at(-1);
    return last?.kind === 'pending' && !this.state.stuck && !rows.some((row) => row.key === last.key);
  }

  hold({ key, offset }) {
    const row = this.rowOf(key);
    if (!row) return;
    const moved = row.getBoundingClientRect().top - this.box.getBoundingClientRect().top - offset;
    if (Math.abs(moved) > 0.5) this.box.scrollTop += moved;
  }

  land() {
    const line = this.state.land === 'new' && this.rowOf('new');
    if (!line) this.toEnd();
    else this.box.scrollTop += line.getBoundingClientRect().top - this.box.getBoundingClientRect().top - this.box.clientHeight / 4;
    this.scrolled();
  }

  rowOf(key) {
    return this.list.querySelector(`[data-key="${CSS.escape(key)}"]`);
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  lastInView() {
    const { bottom } = this.box.getBoundingClientRect();
    const seen = [...this.list.querySelectorAll('[data-message]')].filter((row) => row.getBoundingClientRect().bottom <= bottom + 2);
    return seen.at(-1)?.dataset.message ?? null;
  }

  onScroll() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.box) this.scrolled();
    });
  }

  scrolled() {
    const { rows, moreBefore, moreAfter, onOlder, onNewer } = this.props;
    const [lo, hi] = this.bounds();
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const left = scrollHeight - scrollTop - clientHeight;
    const stuck = hi === rows.length && !moreAfter && left <= STICKY;
    this.reader.poke();
    if (stuck !== this.state.stuck) {
      const mark = stuck ? null : (rows.findLast((row) => row.kind === 'message')?.key ?? '');
      this.setState({ stuck, first: keyAt(rows, lo), size: stuck ? FIRST : Math.max(FIRST, hi - lo), mark });
      return;
    }
    if (scrollTop < AHEAD) {
      if (lo > 0) this.setState({ stuck: false, first: keyAt(rows, lo - STEP), size: Math.min(MOST, hi - Math.max(0, lo - STEP)) });
      else if (moreBefore) onOlder();
    }
    if (left < AHEAD) {
      if (hi < rows.length) {
        const to = Math.min(rows.length, hi + STEP);
        const from = Math.max(lo, to - MOST);
        this.setState({ first: keyAt(rows, from), size: to - from });
      } else if (moreAfter) onNewer();
    }
  }

  jump() {
    if (this.props.moreAfter) this.props.onLatest();
    else this.setState({ stuck: true, size: FIRST, mark: null }, () => this.toEnd());
  }

  /** New messages under what the reader sees: as many as are unread where that is counted, else those that came since. */
  below() {
    const { rows, unread } = this.props;
    if (this.state.stuck) return 0;
    if (unread !== undefined) return unread;
    const from = rows.findIndex((row) => row.key === this.state.mark);
    return rows.slice(from + 1).filter((row) => row.kind === 'message' && row.message.author !== this.props.me).length;
  }

  keys(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    const row = event.target.closest('[data-key]');
    if (!(event.key in steps) || event.target !== row || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const items = this.props.rows.filter(focusable);
    const at = items.findIndex((item) => item.key === row.dataset.key);
    const to = items[Math.min(items.length - 1, Math.max(0, at + steps[event.key]))];
    if (at + steps[event.key] < 0 && this.props.moreBefore) this.props.onOlder();
    this.activate(to.key);
  }

  /** Moves the one tab stop of the list, and the window with it when the row is not in the page. */
  activate(key) {
    const { rows } = this.props;
    const [lo, hi] = this.bounds();
    const at = rows.findIndex((row) => row.key === key);
    this.wanted = key;
    const near = at < lo || at >= hi ? { stuck: false, first: keyAt(rows, at - FIRST / 2), size: FIRST } : {};
    this.setState({ active: key, ...near });
  }

  focusWanted() {
    const row = this.rowOf(this.wanted);
    if (!row) return;
    this.wanted = null;
    row.focus({ preventScroll: true });
    const { top, bottom } = row.getBoundingClientRect();
    const box = this.box.getBoundingClientRect();
    if (top < box.top + 16) this.box.scrollTop -= box.top + 16 - top;
    else if (bottom > box.bottom - 16) this.box.scrollTop += Math.min(bottom - box.bottom + 16, top - box.top - 16);
  }

  /** The row that Tab reaches: the one last used, else the last message. */
  tabStop(rows) {
    const { active } = this.state;
    if (active && rows.some((row) => row.key === active)) return active;
    return rows.findLast(focusable)?.key ?? null;
  }

  render({ rows, label, name = '', id, moreBefore, moreAfter, onOlder, draw, head }) {
    const [lo, hi] = this.bounds();
    const shown = rows.slice(lo, hi);
    const stop = this.tabStop(shown);
    const below = this.below();
    const away = !this.state.stuck && (moreAfter || hi < rows.length || below > 0);
    return html`<div class=${`feed scroll ${name}`} id=${id} role="region" aria-label=${label} data-region=${name ? null : 'messages'} ref=${(box) => { this.box = box; }} onScroll=${this.onScroll}>
      <ol class="ml" ref=${(list) => { this.list = list; }} onKeyDown=${this.keys}>
        ${lo === 0 && moreBefore && html`<li class="ml-start"><button type="button" class="btn btn-ghost btn-sm" onClick=${onOlder}>${t('feed.earlier')}</button></li>`}
        ${lo === 0 && !moreBefore && head}
        ${shown.map((row) => draw(row, { active: row.key === stop, focus: (key) => this.activate(key), key: row.key }))}
      </ol>
      ${away && html`<button type="button" class="latest" onClick=${() => this.jump()}>${icon('down')}${below ? t('feed.below', { n: counted(below) }) : t('feed.latest')}</button>`}
    </div>`;
  }
}
