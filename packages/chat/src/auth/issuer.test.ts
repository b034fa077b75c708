import { describe, expect, test } from "vitest";
import { ISSUER_ALGORITHMS, issuerProblems, type IssuerTexts } from "./issuer.ts";

const GOOD: IssuerTexts = {
  url: "https://issuer.example/keys",
  issuer: "https://issuer.example",
  audience: "chat",
  algorithms: ISSUER_ALGORITHMS,
};

describe("an issuer of tokens", () => {
  test.each([
    { name: "over TLS", given: {} },
    { name: "in the cluster", given: { url: "http://dex.auth.svc.cluster.local:5556/keys" } },
    { name: "beside the service", given: { url: "http://dex:5556/keys" } },
    { name: "on this machine", given: { url: "http://[::1]:8080/keys" } },
  ])("$name is fine", ({ given }) => {
    expect(issuerProblems({ ...GOOD, ...given })).toEqual([]);
  });

  test.each([
    { name: "in plain over the internet", given: { url: "http://issuer.example/keys" } },
    { name: "whose keys are in a file", given: { url: "file:///keys" } },
    { name: "with a password in its URL", given: { url: "https://a:b@issuer.example/" } },
    { name: "without a name", given: { issuer: "" } },
    { name: "that signs for anyone", given: { audience: "" } },
    { name: "of a template", given: { issuer: "https://YOUR-TENANT.example" } },
    { name: "without algorithms", given: { algorithms: [] } },
    { name: "that signs with what is shared", given: { algorithms: ["HS256"] } },
    { name: "that does not sign", given: { algorithms: ["RS256", "none"] } },
  ])("$name is one problem", ({ given }) => {
    expect(issuerProblems({ ...GOOD, ...given })).toHaveLength(1);
  });

  test("has all its problems told at once", () => {
    const none = { url: "", issuer: "", audience: "", algorithms: ["x", "y"] };
    expect(issuerProblems(none)).toHaveLength(5);
  });
});
