/** Names of clusters and domains of people: who may publish what, and what `why` says of it. */
import { answering, RawService, testDns } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ask } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

test("a cluster publishes its names and what it proves in DNS; why says what is missing", async () => {
  await using owned = new AsyncDisposableStack();
  const dns = owned.use(await testDns());
  const service = owned.use(await RawService.start(answering(OK)));
  dns.zone.TXT["_warren.shop.test"] = ["warren-group=home"];
  dns.zone.CNAME["shop.test"] = "home.clusters.test";
  dns.zone.A["home.clusters.test"] = ["192.0.2.1"];
  const hosts = ["covered.test", "shop.test", "unproved.test", "home.clusters.test"];
  const joined = owned.use(
    await Joined.start({
      routes: hosts.map((host) => routeTo(host, service.port)),
      hosts: ["covered.test"],
      certificates: {},
      gateway: {
        domain: "clusters.test",
        domainProof: { graceMs: 86_400_000 },
        dnsServers: [dns.address],
      },
    }),
  );
  const statuses = await Promise.all(hosts.map((host) => ask({ port: joined.port, host })));
  expect(statuses.map(({ status }) => status)).toEqual([200, 200, 404, 200]);
  const refused = joined.log.lines.filter(({ msg }) => msg === "route rejected");
  expect(refused.map(({ fields }) => fields["host"])).toEqual(["unproved.test"]);
  const [tunnel] = (await admin(joined, "/tunnels"))["items"] as {
    cluster_uuid: string;
    names: string[];
  }[];
  expect(tunnel!.names).toEqual([`${tunnel!.cluster_uuid}.clusters.test`, "home.clusters.test"]);
  const record = `_warren.unproved.test TXT "warren-cluster=${tunnel!.cluster_uuid}"`;
  expect(refused[0]!.fields["reason"]).toContain(record);

  const why = (host: string) => admin(joined, `/why?url=https://${host}/`);
  expect(await why("shop.test")).toMatchObject({
    served: true,
    domain: {
      dns: { aliases: ["home.clusters.test"], addresses: ["192.0.2.1"] },
      ownership: {
        says: "proved by this TXT record",
        record: "_warren.shop.test",
        proofs: ["warren-group=home"],
      },
      claim: { host: "shop.test", group: "home" },
      certificate: { says: "there is none" },
    },
  });
  expect(await why("unproved.test")).toMatchObject({
    served: false,
    domain: {
      dns: { addresses: [], says: expect.stringContaining("it does not resolve") },
      ownership: {
        says: expect.stringMatching(/^not proved yet: .* at the latest after 5 minutes$/),
        record: "_warren.unproved.test",
        proofs: [],
      },
      claim: { says: "no cluster has claimed it" },
    },
  });
  expect(await why("covered.test")).toMatchObject({
    domain: { ownership: { says: "proved by a token that covers it" } },
  });
  dns.zone.TXT["_warren.unproved.test"] = ["warren-group=home"];
  expect(await why("unproved.test")).toMatchObject({
    domain: {
      ownership: { says: expect.stringMatching(/^the TXT record is there, .* 5 minutes$/) },
    },
  });
  expect(await why("home.clusters.test")).toMatchObject({
    domain: { ownership: { says: `a name of cluster ${tunnel!.cluster_uuid}` } },
  });
});

async function admin(joined: Joined, path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${joined.adminUrl}${path}`);
  return (await answer.json()) as Record<string, unknown>;
}
