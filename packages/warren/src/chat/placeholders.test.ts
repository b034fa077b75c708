import { chatOptions } from "@warren/chat";
import { loadConfig } from "@warren/host";
import { expect, test } from "vitest";
import { placeholders } from "./placeholders.ts";

function secretsOf(env: Record<string, string>) {
  const loaded = loadConfig(chatOptions, { argv: [], env, file: undefined, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  return loaded.secrets;
}

test("secrets that are as the template had them are told all at once, and none is repeated", async () => {
  const secrets = secretsOf({
    MONGO_URI: "mongodb://chat:REPLACE_WITH_PASSWORD@mongo.internal/chat",
    S3_ACCESS_KEY_ID: "AKIA0123456789",
    S3_SECRET_ACCESS_KEY: "change-me",
    SMTP_PASS: "your-smtp-password",
    SMS_AUTH_TOKEN: "PLACEHOLDER",
  });
  const told = await placeholders(secrets);
  expect(told.toSorted()).toEqual([
    "MONGO_URI: still the template's placeholder",
    "S3_SECRET_ACCESS_KEY: still the template's placeholder",
    "SMS_AUTH_TOKEN: still the template's placeholder",
    "SMTP_PASS: still the template's placeholder",
  ]);
});
