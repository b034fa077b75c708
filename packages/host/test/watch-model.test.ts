// Whatever happens to its streams, a cache ends as the server is.
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../src/index.ts";
import { INGRESSES, watchResource, withoutManagedFields } from "../src/kube/index.ts";
import { startKubeApi, Waiting, type KubeApi } from "../src/testing/index.ts";

const NAMES = ["a", "b", "c", "d", "e"];

type Step =
  | { do: "put"; name: string; value: number }
  | { do: "remove" | "recreate"; name: string }
  | { do: "cut" | "end" | "truncate" | "expire" | "compact" | "bookmark" | "turn" }
  | { do: "slow"; bytes: number }
  | { do: "fail"; verb: string; code: number };

const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("put"), name, value: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("remove", "recreate"), name }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("cut", "end", "truncate", "expire", "compact", "bookmark", "turn"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("slow"), bytes: fc.constantFrom(0, 1, 7, 100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("fail"),
      verb: fc.constantFrom("list", "watch"),
      code: fc.constantFrom(410, 500, 503, 401),
    }),
  },
);

function put(api: KubeApi, name: string, value: number): void {
  const spec = { rules: [{ host: `é-${value}.example` }] };
  api.put({ metadata: { namespace: "default", name }, spec }, INGRESSES);
}
const remove = (api: KubeApi, name: string) =>
  api.remove(INGRESSES, { namespace: "default", name });

const REASONS: Record<number, string> = {
  410: "Expired",
  500: "InternalError",
  401: "Unauthorized",
};

async function act(api: KubeApi, said: Step): Promise<void> {
  switch (said.do) {
    case "put":
      return put(api, said.name, said.value);
    case "remove":
      return void remove(api, said.name);
    case "recreate":
      remove(api, said.name);
      return put(api, said.name, 0);
    case "cut":
      return api.cutStreams();
    case "end":
      return api.endStreams();
    case "truncate":
      return api.truncateStreams();
    case "expire":
      return api.expireStreams();
    case "compact":
      return api.compact();
    case "bookmark":
      return api.bookmark();
    case "slow":
      return api.slow(said.bytes);
    case "fail": {
      const { verb, code } = said;
      const reason = REASONS[code] ?? "ServiceUnavailable";
      return api.refuse({ verb, resource: "ingresses" }, { code, reason });
    }
    case "turn":
      return new Promise((resolve) => setImmediate(resolve));
  }
}

const shown = (objects: Iterable<{ metadata: { name: string; resourceVersion: string } }>) =>
  [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();

test("a cache ends equal to the server, and every change it told adds up to it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      await using api = await startKubeApi();
      put(api, "a", 1);
      const waiting = new Waiting();
      await using watched = watchResource({
        client: api.client(),
        resource: INGRESSES,
        namespaces: undefined,
        labelSelector: undefined,
        fieldSelector: undefined,
        trim: withoutManagedFields,
        clock: systemClock,
        random: () => 0,
        told: () => waiting.look(),
        signal: new AbortController().signal,
      });
      const model = new Map<string, { metadata: { name: string; resourceVersion: string } }>();
      watched.onChange(({ key, before, after }) => {
        expect(model.get(key)).toBe(before);
        if (after === undefined) model.delete(key);
        else model.set(key, after);
        waiting.look();
      });
      for (const said of steps) await act(api, said);
      // The last word: what is heard after it has heard all before it.
      put(api, "last", 1);
      const server = shown(api.all(INGRESSES));
      await waiting.until(() => shown(watched.values()).join() === server.join());
      expect(shown(model.values())).toEqual(server);
    }),
    { numRuns: 60 },
  );
}, 60_000);
