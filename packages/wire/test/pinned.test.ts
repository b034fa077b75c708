import { expect, test } from "vitest";
import * as wire from "../src/index.ts";
import { digestOf, shape } from "./_shape.ts";

/**
 * What is on the wire, as one digest per version. When this test fails the wire has changed: other
 * releases are out there. A change that an older peer understands (a new optional field, a new
 * code) takes a new digest here; any other takes a new PROTOCOL_VERSION and a line of its own.
 */
const PINNED: Record<number, string> = {
  1: "63eb7e6441aeb0a3",
};

test("nobody changes the wire by accident", () => {
  const { CODES, FEATURES, FLAG, FLOOR_BYTES, FRAME, FRAME_HEADER_BYTES, KIND } = wire;
  const { CONTROL_BYTES, LIMITS, MIN_FRAME_BYTES, SUBPROTOCOL } = wire;
  const said = {
    frames: { FRAME, FLAG, FRAME_HEADER_BYTES, KIND, FLOOR_BYTES },
    limits: { LIMITS, MIN_FRAME_BYTES, CONTROL_BYTES },
    paths: [wire.TUNNEL_PATH, wire.PEER_PATH, wire.SPLICE_PATH, SUBPROTOCOL],
    control: shape(wire.CONTROL),
    route: shape(wire.Route),
    token: [shape(wire.TokenClaims), wire.TOKEN_ISSUER, wire.TOKEN_AUDIENCE],
    features: FEATURES,
    codes: CODES,
  };
  const digest = digestOf(said);
  expect({ version: wire.PROTOCOL_VERSION, digest }).toEqual({
    version: wire.PROTOCOL_VERSION,
    digest: PINNED[wire.PROTOCOL_VERSION],
  });
});
