import { describe, expect, test } from "vitest";
import { knownUi } from "./known-uis.ts";

interface Row {
  readonly name: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly pod?: string;
  readonly is: string | undefined;
}

const nameOf = ({ image, labels = {}, service, pod }: Row): string | undefined =>
  knownUi({
    image,
    labels: new Map(Object.entries(labels)),
    service: pod === undefined ? (service ?? "ui") : undefined,
  })?.name;

const K8S_NAME = "app.kubernetes.io/name";

describe("a UI is known by image, label or Service", () => {
  test.each<Row>([
    {
      name: "Dashboard 7 by its Kong",
      service: "kubernetes-dashboard-kong-proxy",
      image: "kong:3.8",
      is: "Kubernetes Dashboard 7",
    },
    {
      name: "Dashboard 7 by its part",
      image: "docker.io/kubernetesui/dashboard-web:1.7.0",
      is: "Kubernetes Dashboard 7",
    },
    { name: "Dashboard 2 by image", image: "kubernetesui/dashboard:v2.7.0", is: "Kubernetes Dashboard 2" },
    {
      name: "Dashboard 2 by label",
      labels: { "k8s-app": "kubernetes-dashboard" },
      image: "mirror/d:2",
      is: "Kubernetes Dashboard 2",
    },
    { name: "Headlamp by image", image: "ghcr.io/headlamp-k8s/headlamp:v0.45.0", is: "Headlamp" },
    { name: "Headlamp by label", labels: { [K8S_NAME]: "headlamp" }, is: "Headlamp" },
    { name: "Kiali by image and digest", image: "quay.io/kiali/kiali@sha256:0a", is: "Kiali" },
    { name: "Kiali by label", labels: { [K8S_NAME]: "kiali" }, is: "Kiali" },
    { name: "Grafana", image: "docker.io/grafana/grafana:12", is: "Grafana" },
    { name: "Prometheus", image: "quay.io/prometheus/prometheus:v3", is: "Prometheus" },
    { name: "any other Kong", service: "gateway-kong-proxy", image: "kong:3.8", is: undefined },
    { name: "a pod of a name like a Service's", pod: "kubernetes-dashboard-kong-proxy", is: undefined },
    { name: "an image that only begins like one", image: "kubernetesui/dashboard-x:1", is: undefined },
    { name: "an image of somebody else", image: "evil/kiali-kiali:1", is: undefined },
    { name: "another label", labels: { [K8S_NAME]: "headlamp-operator" }, is: undefined },
    { name: "nothing", is: undefined },
  ])("$name", (row) => expect(nameOf(row)).toBe(row.is));
});
