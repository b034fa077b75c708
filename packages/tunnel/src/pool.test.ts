import { expect, test } from "vitest";
import { Pool } from "./pool.ts";

test("a borrower gets at most half of what is free, so a later one still finds something", () => {
  const pool = new Pool(1_000);
  expect([pool.borrow(10_000), pool.borrow(10_000), pool.borrow(10_000)]).toEqual([500, 250, 125]);
  expect(pool.lentBytes).toBe(875);
});

test("a borrower that asks for less than is offered gets what it asks for", () => {
  expect(new Pool(1_000).borrow(7)).toBe(7);
  expect(new Pool(1_000).borrow(0)).toBe(0);
});

test("tunnels' pools together never lend more than their gateway's", () => {
  const gateway = new Pool(1_000);
  const tunnels = Array.from({ length: 20 }, () => new Pool(800, gateway));
  for (let n = 0; n < 50; n++) for (const tunnel of tunnels) tunnel.borrow(100_000);
  const lent = tunnels.reduce((sum, tunnel) => sum + tunnel.lentBytes, 0);
  expect(lent).toBe(gateway.lentBytes);
  expect(lent).toBeLessThanOrEqual(1_000);
  for (const tunnel of tunnels) tunnel.giveBack(tunnel.lentBytes);
  expect(gateway.lentBytes).toBe(0);
});

test("one tunnel's pool limits it though its gateway has more", () => {
  const gateway = new Pool(1_000_000);
  const tunnel = new Pool(100, gateway);
  for (let n = 0; n < 50; n++) tunnel.borrow(1_000);
  expect(tunnel.lentBytes).toBeLessThanOrEqual(100);
});
