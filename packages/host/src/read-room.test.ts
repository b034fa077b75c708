import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { ReadRoom } from "./read-room.ts";

const PIECE_BYTES = 1_048_576;
const socket = () => Object.assign(new EventEmitter(), { destroyed: false });

/** Takes until there is no room; how many had some. */
function fill(): { sockets: ReturnType<typeof socket>[]; rooms: ReadRoom[] } {
  const [sockets, rooms] = [[socket()], [new ReadRoom()]];
  while (rooms.at(-1)!.take(PIECE_BYTES, sockets.at(-1)!) !== undefined) {
    sockets.push(socket());
    rooms.push(new ReadRoom());
  }
  return { sockets, rooms };
}

test("what sockets hold for reads to come is bounded, however many they are", () => {
  const { sockets, rooms } = fill();
  expect(rooms.length).toBe(33);
  rooms[0]!.free();
  expect(rooms[1]!.take(2 * PIECE_BYTES, sockets[1]!)).toBeUndefined();
  expect(rooms[0]!.take(PIECE_BYTES, sockets[0]!)).toHaveLength(PIECE_BYTES);
  expect(rooms[0]!.take(1, sockets[0]!)).toBeUndefined();
  for (const one of rooms) one.free();
});

test("a socket that closes holds nothing, and one that is closed gets nothing", () => {
  const { sockets, rooms } = fill();
  for (const one of sockets) one.emit("close");
  const closed = Object.assign(socket(), { destroyed: true });
  expect(new ReadRoom().take(1, closed)).toBeUndefined();
  expect(fill().rooms.length).toBe(rooms.length);
});
