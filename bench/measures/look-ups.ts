import { entriesAt, type StartContender } from "../contender.ts";
import type { Measure } from "../measure.ts";
import { sampleOf } from "../sample-of.ts";

/** A process that looks routes up and answers no request: nothing has to run before it is measured. */
export const registries: StartContender = async () => ({
  entries: entriesAt({ files: 0, service: 0 }),
  pids: {},
});

/** What `bench/look-ups.ts` prints. */
export const lookUps: Measure = {
  name: "look-ups",
  sample: () => sampleOf("look-ups.ts", []),
};
