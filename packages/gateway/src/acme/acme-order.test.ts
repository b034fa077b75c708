import { setImmediate } from "node:timers/promises";
import { testAuthority } from "@warren/host/testing";
import { expect, test } from "vitest";
import { memoryRecords } from "../records/memory-records.ts";
import type { Records } from "../records/records.ts";
import { orderCertificate } from "./acme-order.ts";
import type { Answer } from "./acme-records.ts";
import type { CaClient, ChallengeType } from "./ca-client.ts";
import { Challenges } from "./challenges.ts";

const HOST = "shop.test";
const TOKEN = "token-of-sixteen-or-more";
const issued = testAuthority().issue({ hosts: [HOST] });

/** A store that several gateways share, and that takes its time to keep something. */
function slowStore(keep: Records<Answer>["put"] | undefined): Records<Answer> {
  const store = memoryRecords({ wallClock: Date.now });
  const answers = store.records<Answer>(undefined as never);
  const put = keep ?? answers.put.bind(answers);
  answers.put = async (...words) => {
    await setImmediate();
    return put(...words);
  };
  return answers;
}

/** One order, and what another gateway would answer the CA at the moment that it is told to look. */
async function ordered(challenge: ChallengeType, keep?: Records<Answer>["put"]) {
  const answers = slowStore(keep);
  const options = { answers, wallClock: Date.now };
  const another = new Challenges(options);
  const answer = async () =>
    challenge === "http-01"
      ? await another.httpAnswer(HOST, TOKEN)
      : (await another.tlsAnswer(HOST)) && "a certificate";
  const told: unknown[] = [];
  const ca = {
    order: async () => ({ status: "pending" }),
    proofs: async () => [{ type: challenge, host: HOST, token: TOKEN, keyAuthorization: "proof" }],
    proven: async () => void told.push(await answer()),
    certify: async () => issued,
  } as unknown as CaClient;
  const lease = { fence: 1, renew: async () => true, release: async () => {} };
  const order = { ca, challenges: new Challenges(options), lease, host: HOST, challenge };
  const [result] = await Promise.allSettled([orderCertificate({ ...order, replaces: undefined })]);
  return { result, told, after: await answer() };
}

test.each([
  { challenge: "http-01", want: "proof" },
  { challenge: "tls-alpn-01", want: "a certificate" },
] as const)(
  "every gateway can answer to $challenge before the CA is told, and none afterwards",
  async ({ challenge, want }) => {
    const { result, told, after } = await ordered(challenge);
    expect(result).toMatchObject({ status: "fulfilled", value: { cert: issued.cert } });
    expect(told).toEqual([want]);
    expect(after).toBeUndefined();
  },
);

test("a CA is not told of an answer that could not be kept", async () => {
  const { result, told } = await ordered("http-01", () => Promise.reject(new Error("away")));
  expect(result).toMatchObject({ status: "rejected", reason: { message: "away" } });
  expect(told).toEqual([]);
});
