// What is personal about a message: the server sends everybody the same one, so that it is encoded once.

/** Whether the message addresses this person: by name, through a group, or with the whole room. */
const addresses = (me, mention) => mention.kind === 'room' || (mention.kind === 'user' ? mention.id === me.id : (me.groups ?? []).includes(mention.id));

export function personal(me, message) {
  if (!message || !me) return message;
  const others = message.author !== me.id;
  return {
    ...message,
    mentions_me: message.mentions_me ?? (others && message.mentions.some((mention) => addresses(me, mention))),
    reactions: message.reactions.map((reaction) => ({ ...reaction, mine: reaction.mine ?? reaction.people.includes(me.id) })),
  };
}

export const personalPage = (me, page) => ({ ...page, messages: page.messages.map((message) => personal(me, message)) });
