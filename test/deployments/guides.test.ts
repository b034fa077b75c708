// What the guides tell people to type: kubectl knows the words, files are there, warren has the commands and the flags.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { optionRows } from "@warren/host";
import { commands } from "@warren/warren";
import { describe, expect, test } from "vitest";
import { ROOT } from "../_rooms.ts";
import { commandsOf } from "./_kit/commands.ts";
import { allManifests, kubectl } from "./_kit/folders.ts";
import { helm } from "./_kit/helm.ts";

const GUIDES = [
  "docs/kubernetes.md",
  "docs/load-balancer.md",
  "deployments/kubernetes/README.md",
  "deployments/overlays/blue-green/README.md",
  "flux/infrastructure/metallb/README.md",
];
const typed = GUIDES.flatMap((guide) =>
  commandsOf(guide).map((words) => ({ guide, words, line: words.join(" ") })),
);
const once = <T extends { line: string }>(all: T[]) => [
  ...new Map(all.map((one) => [one.line, one])).values(),
];

test("there are commands to look at", () => expect(typed.length).toBeGreaterThan(100));

describe.skipIf(kubectl === undefined)("kubectl has the words of", () => {
  // One of each set of words and flags: what they are said of is not kubectl's to know here.
  const lines = [
    ...new Map(
      typed.filter(({ words }) => words[0] === "kubectl").map((one) => [shapeOf(one.words), one]),
    ).values(),
  ];
  test.concurrent.each(lines)("$line", async ({ words }) => {
    const end = words.indexOf("--");
    const own = words.slice(1, end === -1 ? undefined : end);
    // Flags are read, and an unknown one is refused, before help is given.
    const { stdout } = await promisify(execFile)(kubectl!, [...own, "--help"], {
      env: { ...process.env, KUBECONFIG: "/dev/null" },
    });
    // Of a word that it does not know it gives the help of all.
    expect(stdout).toMatch(/^Usage:\n {2}kubectl [a-z]/m);
  });
});

test.skipIf(helm === undefined)("the chart takes the values that commands set", async () => {
  const installs = typed.filter(({ line }) =>
    line.startsWith("helm install warren deployments/helm/warren "),
  );
  expect(installs.length).toBeGreaterThan(0);
  for (const { words } of installs) {
    const { stdout } = await promisify(execFile)(
      helm!,
      ["template", ...words.slice(2), "--kube-version", "1.24.17"],
      {
        cwd: ROOT,
      },
    );
    expect(stdout).toContain('name: "warren-agent"\n');
    expect(stdout).toContain("ws://gateway.example.com");
  }
});

test.skipIf(helm === undefined)(
  "an upgrade keeps what was set, and takes new values of a new chart",
  async () => {
    const upgrades = typed.filter(({ line }) => line.startsWith("helm upgrade warren "));
    expect(upgrades.length).toBeGreaterThan(0);
    for (const { words } of upgrades) {
      // `--reuse-values` is the old chart's values, all of them, and none of the new one's.
      expect(words).toContain("--reset-then-reuse-values");
      expect(words).not.toContain("--reuse-values");
      // Flags are read, and an unknown one is refused, before help is given.
      await promisify(execFile)(helm!, [...words.slice(1), "--help"]);
    }
  },
);

const FILES = /^(-f|-k|--filename|--kustomize|--values|--from-file)$/;

test("files and folders that commands name are there", () => {
  const missing = typed.flatMap(({ words, line }) => {
    const named = words.filter(
      (word, at) => FILES.test(words[at - 1] ?? "") || /^(deployments|k8s|flux|docs)\//.test(word),
    );
    const values = named.map((word) => word.replace(/^.*=/, ""));
    return values
      .filter(
        (word) =>
          /[/.]/.test(word) &&
          !/^(home|cloudflare)\.token$/.test(word) &&
          !word.startsWith("backup/") &&
          !existsSync(join(ROOT, word)),
      )
      .map((word) => `${line}: ${word}`);
  });
  expect(missing).toEqual([]);
});

test.skipIf(!existsSync(join(ROOT, ".git")))(
  "git leaves alone what commands write here, and the secrets that they read here",
  async () => {
    const named = typed.flatMap(({ words }) =>
      words.flatMap((word, at) => {
        if (/^[<>]$/.test(words[at - 1] ?? "")) return [word];
        return /^--from-file=[^=]+=(.+)$/.exec(word)?.slice(1) ?? [];
      }),
    );
    // Where backup.sh writes unless it is told.
    const files = [...new Set([...named, "backup/chatbox/secret-chat-secrets.json"])];
    expect(files).toEqual(
      expect.arrayContaining(["home.token", "cloudflare.token", "chat-keys.tar"]),
    );
    const { stdout } = await promisify(execFile)("git", ["check-ignore", ...files], { cwd: ROOT });
    expect(stdout.trim().split("\n")).toEqual(files);
  },
);

test("links lead to files, and to headings that they have", () => {
  const broken = GUIDES.flatMap((guide) =>
    [...readFileSync(join(ROOT, guide), "utf8").matchAll(/\]\(([^)]+)\)/g)].flatMap(
      ([, target = ""]) => {
        if (/^https?:/.test(target)) return [];
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? guide : join(dirname(guide), path);
        if (!existsSync(join(ROOT, file))) return [`${guide}: ${target}`];
        return anchor === undefined || anchorsOf(file).has(anchor) ? [] : [`${guide}: ${target}`];
      },
    ),
  );
  expect(broken).toEqual([]);
});

/** What stands behind `warren`, however it is called: the image's entry, the command or the file in it. */
const warren = once(
  typed.flatMap(({ words, line }) => {
    if (!/^(docker (run|exec)|kubectl exec) /.test(line)) return [];
    const own = words.slice(words.indexOf("--") + 1);
    const at = own.findIndex((word) => /^(warren(:[\d.]+)?|\/app\/warren\.mjs)$/.test(word));
    return at === -1 ? [] : [{ line, said: own.slice(at + 1) }];
  }),
);

test("there are warren's own commands among them", () => expect(warren.length).toBeGreaterThan(4));

test.each(warren)("warren has the command and the flags of: $line", ({ said }) => {
  const [known] = commands
    .filter(({ name }) => `${said.join(" ")} `.startsWith(`${name} `))
    .sort((a, b) => b.name.length - a.name.length);
  expect(known).toBeDefined();
  const flags = new Set(optionRows(known!.options).map(({ names }) => names.flag));
  const unknown = said.filter(
    (word) => word.startsWith("--") && !flags.has(word.replace(/=.*/, "")),
  );
  expect(unknown).toEqual([]);
});

test("names of the chat's objects in commands are those of its manifests", () => {
  const names = new Set(
    allManifests().flatMap(({ objects }) => objects.map(({ metadata }) => metadata.name)),
  );
  const made = new Set([
    "chatbox-websocket-v2",
    "chatbox-websocket-canary",
    // The chart's.
    "chatbox-websocket-data",
  ]);
  const said = typed.flatMap(
    ({ line }) =>
      line.match(
        /\b(?:chatbox-(?!v\d)[a-z0-9-]+|chat-(?:config|secrets)|messaging-service[a-z-]*)\b(?![a-z-]*\.yaml)/g,
      ) ?? [],
  );
  expect(said.length).toBeGreaterThan(20);
  expect(said.filter((name) => !names.has(name) && !made.has(name))).toEqual([]);
});

function anchorsOf(file: string): Set<string> {
  const titles = readFileSync(join(ROOT, file), "utf8").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...titles].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** What it does, by which flags. */
function shapeOf([, verb = "", ...rest]: readonly string[]): string {
  const end = rest.indexOf("--");
  const own = rest.slice(0, end === -1 ? undefined : end);
  const flags = own.filter((word) => word.startsWith("-")).map((word) => word.replace(/=.*/, ""));
  const objects = /^(create|rollout|config|set|top)$/.test(verb) ? own.slice(0, 1) : [];
  return [verb, ...objects, ...new Set(flags.sort())].join(" ");
}
