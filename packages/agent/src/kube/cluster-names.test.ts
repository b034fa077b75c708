import { expect, test } from "vitest";
import { ClusterNames } from "./cluster-names.ts";

test("names of several gateways are one list, whoever is heard last", () => {
  const names = new ClusterNames();
  const heard: (readonly string[])[] = [];
  names.onChange(() => heard.push(names.names));
  names.set(["u.two.test", "home.two.test"]);
  names.set(["u.one.test", "home.one.test"]);
  for (const again of [["u.two.test", "home.two.test"], ["u.one.test"], []]) names.set(again);
  const all = ["home.one.test", "home.two.test", "u.one.test", "u.two.test"];
  expect(heard).toEqual([["home.two.test", "u.two.test"], all]);
});
