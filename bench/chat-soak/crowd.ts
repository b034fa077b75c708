/**
 * `fork(crowd.ts, [PORT, FIRST, COUNT])`: COUNT people with the client of this house, each in a session
 * of their own. Does what its parent tells, and answers once all of them have it.
 */
import { Device } from "./device.ts";
import { forAll, Network, person, said, stored, until, type Person } from "./people.ts";

export type Order =
  /** All come in, and say something. */
  | { do: "begin"; text: string }
  /** The network is lost: whoever loses their connection waits for it. */
  | { do: "lose" }
  /** Another device of each says these. */
  | { do: "write"; texts: readonly string[] }
  /** The network is back for all at once, for those who had lost it; resolves once all are live. */
  | { do: "return"; wanted: readonly string[] }
  | { do: "say"; text: string };

export interface Done {
  /** How long each waited, milliseconds, for what is measured. */
  waitedMs: readonly number[];
  faults: readonly string[];
}

const [port, first, count] = process.argv.slice(2).map(Number) as [number, number, number];
const AT_ONCE = 25;
const network = new Network();
let people: Person[] = [];

const DO: { [D in Order["do"]]: (order: Extract<Order, { do: D }>) => Promise<Done> } = {
  async begin({ text }) {
    const names = Array.from({ length: count }, (_, at) => `person-${first + at}`);
    await forAll(names, AT_ONCE, async (name) => {
      const one = person({ port, network }, name);
      people.push(one);
      await said(one, text);
    });
    return checked([text]);
  },
  async lose() {
    network.lose();
    return { waitedMs: [], faults: [] };
  },
  async write({ texts }) {
    await forAll(people, AT_ONCE, ({ userId }) => write(userId, texts));
    return { waitedMs: [], faults: [] };
  },
  async return({ wanted }) {
    const since = performance.now();
    if (!network.isOnline) network.restore();
    const waitedMs: number[] = [];
    const back = async (one: Person) => {
      await until(one, () => one.session.state === "live" && stored(one).length >= wanted.length);
      waitedMs.push(performance.now() - since);
    };
    await Promise.all(people.map(back));
    return { ...checked(wanted), waitedMs };
  },
  async say({ text }) {
    const since = performance.now();
    const waitedMs: number[] = [];
    const say = async (one: Person) => {
      await said(one, text);
      waitedMs.push(performance.now() - since);
    };
    await forAll(people, AT_ONCE, say);
    return { waitedMs, faults: [] };
  },
};

async function write(userId: string, texts: readonly string[]): Promise<void> {
  const device = await Device.open(port, userId);
  for (const content of texts) {
    const acknowledged = device.next("message_ack");
    device.say({ type: "user_message", content, client_message_id: content });
    await acknowledged;
  }
  device.close();
}

/** Everybody has what they should, once and in order. */
function checked(wanted: readonly string[]): Done {
  const faults = people
    .filter((one) => stored(one).join("|") !== wanted.join("|"))
    .map((one) => `${one.userId} has ${JSON.stringify(stored(one))}`);
  return { waitedMs: [], faults };
}

async function obey(order: Order): Promise<void> {
  const task = DO[order.do] as (order: Order) => Promise<Done>;
  try {
    process.send!(await task(order));
  } catch (reason) {
    console.error(reason);
    process.exitCode = 1;
    process.disconnect!();
  }
}

process.on("message", (order: Order) => void obey(order));
// Whoever started this is gone.
process.on("disconnect", () => process.exit());
