import { entriesAt, type StartContender } from "../contender.ts";

/** Nothing in between: what differences are taken from. */
export const startDirect: StartContender = async ({ origin }) => ({
  entries: entriesAt(origin),
  pids: {},
});
