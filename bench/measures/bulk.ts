import type { Contender } from "../contender.ts";
import type { Measure } from "../measure.ts";
import { BULK_BYTES } from "../origin.ts";
import { type Answer, download, upload } from "../raw-client.ts";

const TRANSFERS = 3;

/** 100 MB down and up, one transfer at a time, after one that is not counted. */
export const bulk: Measure = {
  name: "100 MB",
  async sample(contender, _stage, { share }) {
    const transfers = Math.max(1, Math.round(TRANSFERS * share));
    return {
      getMBPerSecond: await speed(contender, transfers, getOnce),
      postMBPerSecond: await speed(contender, transfers, postOnce),
    };
  },
};

async function speed(
  contender: Contender,
  transfers: number,
  transfer: (contender: Contender) => Promise<void>,
): Promise<number> {
  await transfer(contender);
  const started = performance.now();
  for (let i = 0; i < transfers; i++) await transfer(contender);
  return (transfers * BULK_BYTES) / 1e3 / (performance.now() - started);
}

async function getOnce({ name, entries }: Contender): Promise<void> {
  mustBeOk(name, await download(entries.files, "/bulk", BULK_BYTES));
}

async function postOnce({ name, entries }: Contender): Promise<void> {
  const answer = await upload(entries.service, "/", BULK_BYTES);
  mustBeOk(name, answer);
  if (!answer.body.includes(`{"bytes":${BULK_BYTES}}`)) {
    throw new Error(`${name}: the upload arrived as ${answer.body.toString()}`);
  }
}

function mustBeOk(name: string, { status }: Answer): void {
  if (status !== 200) throw new Error(`${name} answered ${status}`);
}
