// The door of this room: what the documentation's test reads.
export { commands } from "./commands.ts";
