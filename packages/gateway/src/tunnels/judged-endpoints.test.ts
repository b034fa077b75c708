import { expect, test } from "vitest";
import { route } from "../../test/_routes-kit.ts";
import { withoutRefusedEndpoints } from "./judged-endpoints.ts";

const direct = (host: string, at: string, mode: "direct" | "both" = "direct") =>
  route({ host, mode, endpoint: { scheme: "https", host: at, port: 443 } });
const REFUSAL = { code: "endpoint_not_allowed" as const, message: "not public" };

test("each endpoint is looked at once, and its refusal is said of every route that names it", async () => {
  const asked: string[] = [];
  const judge = {
    refusalOf: async ({ endpoint }: ReturnType<typeof route>) => {
      asked.push(endpoint!.host);
      return endpoint!.host === "bad.test" ? REFUSAL : undefined;
    },
  };
  const routes = [
    route({ host: "plain.test" }),
    direct("a.test", "bad.test"),
    direct("b.test", "good.test"),
    direct("c.test", "bad.test"),
    direct("d.test", "good.test"),
  ];
  const read = await withoutRefusedEndpoints({ routes, rejected: [] }, judge, []);
  expect(read.routes.map(({ host }) => host)).toEqual(["plain.test", "b.test", "d.test"]);
  expect(read.rejected).toEqual(
    ["a.test", "c.test"].map((host) => ({ host, path: "/", ...REFUSAL })),
  );
  expect(asked).toEqual(["bad.test", "good.test"]);
});

test("where no endpoint is dialled, what also has a tunnel uses that", async () => {
  const routes = [direct("a.test", "lb.test"), direct("b.test", "lb.test", "both")];
  const read = await withoutRefusedEndpoints({ routes, rejected: [] }, undefined, []);
  expect(read.routes.map(({ host }) => host)).toEqual(["b.test"]);
  expect(read.rejected).toMatchObject([{ host: "a.test", code: "endpoint_not_allowed" }]);
});

test("a message of 10,000 endpoints has 16 of them looked at", async () => {
  let asked = 0;
  const judge = { refusalOf: async () => void asked++ };
  const routes = Array.from({ length: 10_000 }, (_, i) => direct(`h${i}.test`, `lb${i}.test`));
  const read = await withoutRefusedEndpoints({ routes, rejected: [] }, judge, []);
  expect([asked, read.routes.length, read.rejected.length]).toEqual([16, 16, 9_984]);
  expect(read.rejected[0]).toMatchObject({ code: "quota_exceeded" });
});
