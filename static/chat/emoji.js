// A small fixed set for reactions and the picker: character and name; the names are spoken.
export const EMOJI = [
  ['👍', 'thumbs up'], ['👎', 'thumbs down'], ['✅', 'done'], ['👀', 'looking'], ['🙏', 'thanks'], ['🎉', 'celebrate'], ['❤️', 'heart'], ['😂', 'laughing'],
  ['🙂', 'smile'], ['😮', 'surprised'], ['😢', 'sad'], ['🤔', 'thinking'], ['👏', 'applause'], ['💯', 'hundred'], ['🚀', 'rocket'], ['🔥', 'fire'],
  ['⚠️', 'warning'], ['🛑', 'stop'], ['🔒', 'locked'], ['🔑', 'key'], ['📌', 'pin'], ['📎', 'clip'], ['📄', 'page'], ['📈', 'rising'],
  ['📉', 'falling'], ['🛰️', 'satellite'], ['📡', 'antenna'], ['🧭', 'compass'], ['🌙', 'moon'], ['☀️', 'sun'], ['⏳', 'waiting'], ['⏰', 'alarm'],
  ['🟢', 'green'], ['🟡', 'yellow'], ['🔴', 'red'], ['⚪', 'white'], ['➕', 'plus'], ['➖', 'minus'], ['❓', 'question'], ['❗', 'important'],
  ['💡', 'idea'], ['🔧', 'wrench'], ['🧪', 'test'], ['🐛', 'bug'], ['🚧', 'in work'], ['📦', 'package'], ['✏️', 'pencil'], ['🙌', 'hands up'],
];
const NAMES = new Map(EMOJI);
export const emojiName = (emoji) => NAMES.get(emoji) ?? emoji;
