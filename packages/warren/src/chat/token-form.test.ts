import { loadConfig } from "@warren/host";
import { expect, test } from "vitest";
import { commands } from "../commands.ts";
import { tokenForm, tokenFormOptions } from "./token-form.ts";

const SAID = ["--user-claim", "sub", "--roles-claim", "realm.roles", "--jwt-issuer", "id"];

test("tokens are made as the chat was told that they must be", () => {
  const loaded = loadConfig(tokenFormOptions, { argv: SAID, env: {}, file: undefined, all: [] });
  expect(loaded.ok && tokenForm(loaded.config)).toEqual({
    names: { userId: "sub", roles: "realm.roles", name: "name" },
    issuer: "id",
    audience: undefined,
  });
});

test.each(["chat", "chat token", "chat keys rotate"])("%s is told that", (name) => {
  const options = commands.find((command) => command.name === name)?.options;
  expect(options).toMatchObject(tokenFormOptions);
});
