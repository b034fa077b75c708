import { setTimeout as wait } from "node:timers/promises";
import { Instance } from "./instance.ts";
import { SLOW_ANSWER, SLOWLY } from "./model.ts";
import { forAll, Network, person, said, stored, until, type Person } from "./people.ts";
import { must, type Proof } from "./proof.ts";

const AT_ONCE = 25;
/** Whose answers are being written when the signal comes. */
const CURIOUS = 20;
const EVERY_MS = 1_000;

/** What a device knew to be durable when the process was gone. */
interface Promised {
  readonly person: Person;
  readonly acknowledged: readonly string[];
}

export const drained: Proof = async (stage) => {
  const { size, say } = stage;
  await using chat = await Instance.start(stage, "drain");
  const home = { port: chat.port, network: new Network() };
  const people: Person[] = [];
  await forAll(
    Array.from({ length: size.sockets }, (_, n) => n),
    AT_ONCE,
    async (n) => {
      const one = person(home, `drained-${n}`);
      people.push(one);
      await said(one, "said first");
    },
  );
  const curious = people.slice(0, CURIOUS);
  await forAll(curious, CURIOUS, (one) => said(one, `answer ${SLOWLY}`));
  await forAll(curious, CURIOUS, (one) => until(one, () => one.session.answers.length > 0));
  say(`${size.sockets} sockets are open, ${CURIOUS} answers run, and all go on talking`);
  const talking = new AbortController();
  const wanted = people.map(() => ["said first"]);
  curious.forEach((_, at) => wanted[at]!.push(`answer ${SLOWLY}`));
  const talks = people.slice(CURIOUS).map(async ({ session }, at) => {
    await wait((at / people.length) * EVERY_MS);
    for (let n = 0; !talking.signal.aborted; n += 1) {
      session.send(`said ${n}`);
      wanted[CURIOUS + at]!.push(`said ${n}`);
      await wait(EVERY_MS);
    }
  });
  await wait(2_000);
  const since = performance.now();
  const code = await chat.stop();
  const tookMs = performance.now() - since;
  talking.abort();
  await Promise.all(talks);
  must(code === 0, () => `it ended with ${code}`);
  const promised = people.map((person): Promised => ({ person, acknowledged: stored(person) }));
  const acks = promised.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  say(`it ended after ${(tookMs / 1_000).toFixed(1)} s; ${acks} messages were acknowledged`);
  await chat.start();
  await forAll(promised, people.length, ({ person }) => until(person, () => isBack(person)));
  promised.forEach((one, at) => check(one, wanted[at]!));
  for (const one of curious) checkAnswer(one);
  for (const { client } of people) await client.close();
  return [
    `${size.sockets} sockets drained in ${(tookMs / 1_000).toFixed(1)} s`,
    `${acks} acknowledged messages kept, none lost or doubled, what was not came after`,
    `${CURIOUS} running answers whole`,
  ].join("; ");
};

/** All that was said is durable, and what the service has is here. */
function isBack({ session }: Person): boolean {
  return session.state === "live" && session.messages.every(({ isMine, id }) => !isMine || id);
}

function check({ person, acknowledged }: Promised, wanted: readonly string[]): void {
  const has = stored(person);
  must(
    has.slice(0, acknowledged.length).join() === acknowledged.join(),
    () => `${person.userId}: what was acknowledged is not there as it was`,
  );
  must(
    has.join() === wanted.join(),
    () => `${person.userId} said ${wanted.length} and has ${has.length}, or in another order`,
  );
}

function checkAnswer({ userId, session }: Person): void {
  const answer = session.messages.findLast(({ sender }) => sender === "ai");
  must(
    answer?.answer?.status === "complete" && answer.content === SLOW_ANSWER.join(""),
    () => `${userId}: the answer is ${answer?.answer?.status}: ${answer?.content}`,
  );
}
