// The door of this room: what other rooms may import.
export const ROOM = "fleet";
