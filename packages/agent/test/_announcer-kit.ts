// One announcer on a link that a test holds.
import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import { parseControl, Route, type ControlInput, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import { Announcer } from "../src/control/announcer.ts";
import { ControlEvents } from "../src/control/control-events.ts";
import { Published, type Publication } from "../src/published.ts";
import { createTarget } from "../src/target.ts";
import { clockVoice, type Voice } from "../src/voice.ts";
export type Said = ControlInput & { type: "ingress_routes" };

export function publication(given: Partial<RouteInput>): Publication {
  const route = v.parse(Route, { host: "a.test", service: "s", port: 80, ...given });
  return { route, targets: [createTarget({ host: "127.0.0.1", port: 80 })] };
}

export function joined(voice?: Voice) {
  const clock = virtualClock();
  const log = recordingLog();
  const published = new Published(voice ?? clockVoice(() => 1_000 + clock.now()));
  const said: Said[] = [];
  const link = { up: false };
  const announcer = new Announcer({
    published,
    events: new ControlEvents(log, promMetrics(), { onPort: undefined, onPublished: undefined }),
    clock,
    random: () => 0.5,
    send: (message) => link.up && said.push(message as Said) > 0,
  });
  const up = () => {
    link.up = true;
    announcer.up(false);
  };
  const down = () => {
    link.up = false;
    announcer.down();
  };
  const ack = (n: number, payload: Record<string, unknown>) => {
    const text = { type: "ingress_routes_ack", request_id: said[n]!.request_id, payload };
    const parsed = parseControl(JSON.stringify(text));
    if (!parsed.ok || parsed.message.type !== "ingress_routes_ack") throw new Error("not an ack");
    announcer.acknowledged(parsed.message.request_id, parsed.message.payload);
  };
  return { announcer, clock, log, link, published, said, up, down, ack };
}

export const actions = (said: Said[]) => said.map(({ payload }) => payload.action);
export const hosts = (said: Said) => said.payload.routes.map((route) => (route as Route).host);
