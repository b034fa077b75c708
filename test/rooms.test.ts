// The import table of the design, executed. To change the architecture, change this table first.
import { describe, expect, test } from "vitest";
import { manifest, packageOf, rooms, sources, type Source } from "./_rooms.ts";

/** What each room may import of the others. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  wire: [],
  tunnel: ["wire"],
  fleet: ["wire"],
  http: [],
  mesh: [],
  host: ["wire"],
  gateway: ["wire", "tunnel", "http", "fleet", "host"],
  agent: ["wire", "tunnel", "http", "host"],
  chat: ["wire", "fleet", "host"],
  functions: ["wire", "fleet", "host"],
  client: ["wire"],
  console: ["wire", "client", "fleet"],
  warren: [
    "wire",
    "tunnel",
    "http",
    "fleet",
    "mesh",
    "host",
    "gateway",
    "agent",
    "chat",
    "functions",
    "client",
    "console",
  ],
};
/** No Node, no clock, no randomness, no I/O. */
const PURE = ["wire", "tunnel", "fleet", "http", "mesh"];
/** Tests and helpers may drive a pure room with the floor's sockets and clocks. */
const FLOOR = "host";
/** Packages that only tests use; they are the workspace's. */
const TEST_PACKAGES = [
  "vitest",
  "fast-check",
  "@grpc/grpc-js",
  "playwright-core",
  "axe-core",
  "dns-packet",
];
/** Doors beside the first: helpers for tests, what browsers get, and what is loaded by those alone who use it. */
const DOOR = /^@warren\/(?:[^/]+\/testing|client\/widget|host\/(?:redis-link|kube)|agent\/kube)$/;

const all = sources();
const product = all.filter((source) => source.part === "product");

/** Rooms that a source imports, without its own. */
function roomsOf(source: Source): string[] {
  return source.imports
    .filter((specifier) => specifier.startsWith("@warren/"))
    .map((specifier) => specifier.split("/")[1] ?? "")
    .filter((room) => room !== source.room);
}

function thirdParties(source: Source): string[] {
  return source.imports
    .map(packageOf)
    .filter((name): name is string => name !== undefined && !name.startsWith("@warren/"));
}

/** `path: what` for every match in the code of these sources. */
function found(list: readonly Source[], pattern: RegExp): string[] {
  return list.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map((match) => `${path}: ${match[0]}`),
  );
}

describe("the import table", () => {
  test("has every room", () => {
    expect(rooms().filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
  });

  test("is kept by every source", () => {
    const broken = all.flatMap((source) => {
      const allowed = new Set(MAY_IMPORT[source.room]);
      if (source.part !== "product") allowed.add(FLOOR);
      return roomsOf(source)
        .filter((room) => !allowed.has(room))
        .map((room) => `${source.path} imports ${room}`);
    });
    expect(broken).toEqual([]);
  });

  test("is not gone around by paths into another room", () => {
    const outside = all.flatMap((source) => {
      const base = new URL(`file:///${source.path}`);
      return source.imports
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => new URL(specifier, base).pathname)
        .filter((path) => !path.startsWith(`/packages/${source.room}/`))
        .map((path) => `${source.path} imports ${path}`);
    });
    expect(outside).toEqual([]);
  });

  test("is entered by a room's doors alone", () => {
    const deep = all.flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => /^@warren\/[^/]+\//.test(specifier) && !DOOR.test(specifier))
        .map((specifier) => `${path} imports ${specifier}`),
    );
    expect(deep).toEqual([]);
  });

  test("test helpers are not shipped", () => {
    const shipped = product.flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => /\/testing(\/|$)/.test(specifier) || specifier.endsWith(".test.ts"))
        .map((specifier) => `${path} imports ${specifier}`),
    );
    expect(shipped).toEqual([]);
  });
});

describe("pure rooms", () => {
  const pure = product.filter(({ room }) => PURE.includes(room));

  test("import no Node", () => {
    const impure = pure.flatMap(({ path, imports }) =>
      imports.filter((name) => name.startsWith("node:")).map((name) => `${path} imports ${name}`),
    );
    expect(impure).toEqual([]);
  });

  test("have no clock, no randomness and no I/O", () => {
    const impure =
      /\b(Date\.now|new Date\(\)|performance\.|Math\.random|crypto\.|set(Timeout|Interval|Immediate)\b|queueMicrotask|process\.|Buffer\b|console\.|fetch\()/g;
    expect(found(pure, impure)).toEqual([]);
  });
});

describe("the process", () => {
  test("has its environment read by warren alone", () => {
    const others = product.filter(({ room }) => room !== "warren");
    expect(found(others, /\bprocess\.env\b/g)).toEqual([]);
  });

  test("is ended by run.ts alone", () => {
    const others = product.filter(({ path }) => path !== "packages/host/src/run.ts");
    expect(found(others, /\bprocess\.(exit|abort|reallyExit)\(/g)).toEqual([]);
  });
});

describe("package.json", () => {
  test.each(rooms())("of %s lists what its sources import", (room) => {
    const { dependencies, devDependencies } = manifest(room);
    // What is bundled for browsers is needed where that happens, and by nobody who depends on the room.
    const listed = Object.keys({ ...dependencies, ...devDependencies });
    const used = all
      .filter((source) => source.room === room && source.part !== "test")
      .flatMap((source) => [
        ...thirdParties(source),
        ...roomsOf(source)
          .filter((other) => source.part === "product" || other !== FLOOR)
          .map((other) => `@warren/${other}`),
      ]);
    const missing = used.filter((name) => !listed.includes(name) && !TEST_PACKAGES.includes(name));
    expect([...new Set(missing)]).toEqual([]);
  });

  test.each(rooms())("of %s lists nothing else", (room) => {
    const text = all
      .filter((source) => source.room === room)
      .flatMap(({ imports }) => imports.map(packageOf));
    const listed = Object.keys(manifest(room).dependencies ?? {});
    const unused = listed.filter((name) => !text.includes(name));
    expect(unused).toEqual([]);
  });

  test.each(rooms())("of %s pins exact versions", (room) => {
    const loose = Object.entries(manifest(room).dependencies ?? {}).filter(([name, version]) =>
      name.startsWith("@warren/") ? version !== "*" : !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
