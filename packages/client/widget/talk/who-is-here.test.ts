import { expect, test } from "vitest";
import type { ChatSession } from "../../src/index.ts";
import { counterpartOf, type Counterpart } from "./who-is-here.ts";

const ANN = { id: "ann", name: "Ann" };
const BEN = { id: "ben", name: "Ben" };
const NO_ONE = { adminId: undefined, adminName: undefined, why: undefined };
const BOT = { mode: "bot", epoch: 0, ...NO_ONE } as const;
const ANNS = {
  mode: "person",
  epoch: 1,
  adminId: "ann",
  adminName: "Ann",
  why: "takeover",
} as const;

const CASES: readonly {
  name: string;
  role: "user" | "admin";
  control: typeof BOT | typeof ANNS;
  presence: ChatSession["presence"];
  want: Counterpart | undefined;
}[] = [
  { name: "nothing was told", role: "user", control: ANNS, presence: undefined, want: undefined },
  {
    name: "a user with the AI has nobody",
    role: "user",
    control: BOT,
    presence: { isUserOnline: true, isAdminOnline: true, admins: [] },
    want: undefined,
  },
  {
    name: "a user sees who answers",
    role: "user",
    control: ANNS,
    presence: { isUserOnline: true, isAdminOnline: true, admins: [ANN] },
    want: { who: "admin", isHere: true, others: [] },
  },
  {
    name: "another admin who looks on is not the one who answers",
    role: "user",
    control: ANNS,
    presence: { isUserOnline: true, isAdminOnline: true, admins: [] },
    want: { who: "admin", isHere: false, others: [] },
  },
  {
    name: "an admin sees whether the user is there, and who else looks on",
    role: "admin",
    control: ANNS,
    presence: { isUserOnline: false, isAdminOnline: true, admins: [ANN, BEN] },
    want: { who: "user", isHere: false, others: ["Ben"] },
  },
];
test.each(CASES)("$name", ({ role, control, presence, want }) => {
  const looker = { role, userId: role === "admin" ? "ann" : "alice" };
  expect(counterpartOf({ presence, control }, looker)).toEqual(want);
});
