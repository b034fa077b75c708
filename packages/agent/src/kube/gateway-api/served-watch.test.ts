import type { Resource } from "@warren/host/kube";
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { MemoryObjects } from "../../../test/ingress/_objects.ts";
import { meta } from "./_kit.ts";
import type { RouteObject } from "./objects.ts";
import { ROUTES } from "./resources.ts";
import { ServedWatch } from "./served-watch.ts";

const NEW = "v1";
const OLD = "v1alpha2";
const named = (name: string): RouteObject => ({ metadata: meta(name), spec: {} });

/** TCPRoutes on a server of which a test says what it serves. */
function server(...served: string[]) {
  const clock = virtualClock();
  const serves = new Set(served);
  const open = new Map<string, { objects: MemoryObjects<RouteObject>; gone: () => void }>();
  const closed: string[] = [];
  const watch = new ServedWatch<RouteObject>({
    versions: ROUTES.TCPRoute.versions,
    serves: (resource) => Promise.resolve(serves.has(resource.version)),
    watch: ({ version }: Resource<RouteObject>, gone) => {
      const objects = new MemoryObjects<RouteObject>();
      objects.sync();
      open.set(version, { objects, gone });
      const close = (): Promise<void> => {
        closed.push(version);
        return Promise.resolve();
      };
      return Object.assign(objects, { [Symbol.asyncDispose]: close });
    },
    after: (ms, task) => clock.after(ms, task),
  });
  const changes: string[] = [];
  watch.onChange(({ key, after }) => changes.push(`${after === undefined ? "-" : "+"}${key}`));
  return { clock, serves, open, closed, watch, changes };
}
/** Until what was asked of the server is answered. */
const answered = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("the best of the versions that are served is watched", async () => {
  const { watch, open } = server(OLD, NEW);
  await watch.synced;
  expect(watch.resource?.version).toBe(NEW);
  expect([...open.keys()]).toEqual([NEW]);
});

test("an older version is found although the best one is not there", async () => {
  const { watch, open, changes } = server(OLD);
  await watch.synced;
  expect(watch.resource?.version).toBe(OLD);
  open.get(OLD)!.objects.put(named("a"));
  expect(changes).toEqual(["+infra/a"]);
  expect([...watch.values()].map(({ metadata }) => metadata.name)).toEqual(["a"]);
});

test("with no version at all the best one is waited for, and the others asked for meanwhile", async () => {
  const { watch, serves, clock } = server();
  await watch.synced;
  expect(watch.resource?.version).toBe(NEW);
  serves.add(OLD);
  clock.advance(30_000);
  await answered();
  expect(watch.resource?.version).toBe(OLD);
});

test("a version that goes away makes room for the next, and what it alone had is gone", async () => {
  const { watch, serves, clock, open, changes, closed } = server(OLD);
  await watch.synced;
  const old = open.get(OLD)!;
  old.objects.put(named("a"));
  serves.delete(OLD);
  serves.add(NEW);
  old.gone();
  clock.advance(30_000);
  await answered();
  expect(watch.resource?.version).toBe(NEW);
  expect(changes).toEqual(["+infra/a", "-infra/a"]);
  expect(closed).toEqual([OLD]);
  old.objects.put(named("late"));
  expect(changes).toHaveLength(2);
});

test("one that is closed asks for nothing more", async () => {
  const { watch, serves, clock, open } = server();
  await watch.synced;
  await watch[Symbol.asyncDispose]();
  serves.add(OLD);
  clock.advance(60_000);
  await answered();
  expect([...open.keys()]).toEqual([NEW]);
});
