import { describe, expect, test } from "vitest";
import { presetOf } from "../../test/preset.ts";
import { knownUi, presetOfService, schemeOf } from "./known-uis.ts";

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
    { name: "Alertmanager", image: "quay.io/prometheus/alertmanager:v0.28.0", is: "Alertmanager" },
    { name: "Argo Workflows", labels: { app: "argo-server" }, is: "Argo Workflows" },
    { name: "Kubetail", image: "docker.io/kubetail/kubetail-dashboard:0.7.2", is: "Kubetail" },
    {
      name: "the API of Kubetail, which is no UI",
      labels: { [K8S_NAME]: "kubetail", "app.kubernetes.io/component": "cluster-api" },
      is: undefined,
    },
    {
      name: "what stands in front of Prometheus, whatever its pod is called",
      labels: { [K8S_NAME]: "prometheus" },
      service: "prometheus",
      image: "registry.example:5000/quay.io/brancz/kube-rbac-proxy:v0.14.1",
      is: "a UI behind kube-rbac-proxy",
    },
    { name: "a mirror with a port", image: "mirror:5000/ghcr.io/headlamp-k8s/headlamp", is: "Headlamp" },
    { name: "any other Kong", service: "gateway-kong-proxy", image: "kong:3.8", is: undefined },
    { name: "a pod of a name like a Service's", pod: "kubernetes-dashboard-kong-proxy", is: undefined },
    { name: "an image that only begins like one", image: "kubernetesui/dashboard-x:1", is: undefined },
    { name: "an image of somebody else", image: "evil/kiali-kiali:1", is: undefined },
    { name: "another label", labels: { [K8S_NAME]: "headlamp-operator" }, is: undefined },
    { name: "nothing", is: undefined },
  ])("$name", (row) => expect(nameOf(row)).toBe(row.is));
});

interface ServiceRow {
  readonly name: string;
  readonly service: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly is: string | undefined;
}

describe("a Service is known by its labels, else by its name", () => {
  test.each<ServiceRow>([
    { name: "Headlamp of any release", service: "x", labels: { [K8S_NAME]: "headlamp" }, is: "headlamp" },
    {
      name: "Headlamp by its chart",
      service: "x",
      labels: { "helm.sh/chart": "headlamp-0.45.0" },
      is: "headlamp",
    },
    { name: "Headlamp by name", service: "my-headlamp", is: "headlamp" },
    {
      name: "Dashboard 7",
      service: "kubernetes-dashboard-kong-proxy",
      labels: { [K8S_NAME]: "kong" },
      is: "dashboard",
    },
    {
      name: "the API of Dashboard 7, which has no page",
      service: "kubernetes-dashboard-api",
      labels: { "app.kubernetes.io/part-of": "kubernetes-dashboard" },
      is: undefined,
    },
    {
      name: "Dashboard 2",
      service: "kubernetes-dashboard",
      labels: { "k8s-app": "kubernetes-dashboard" },
      is: "dashboard-2",
    },
    {
      name: "Prometheus of kube-prometheus",
      service: "prometheus-k8s",
      labels: { [K8S_NAME]: "prometheus", "app.kubernetes.io/component": "prometheus" },
      is: "prometheus",
    },
    { name: "the operator's own Service", service: "prometheus-operated", is: undefined },
    {
      name: "the headless Service of a chart",
      service: "alertmanager-headless",
      labels: { [K8S_NAME]: "alertmanager" },
      is: undefined,
    },
    { name: "Argo Workflows", service: "argo-server", labels: { app: "argo-server" }, is: "argo-workflows" },
    { name: "nothing", service: "web", is: undefined },
  ])("$name", ({ service, labels = {}, is }) =>
    expect(presetOfService({ name: service, labels: new Map(Object.entries(labels)) })?.id).toBe(is),
  );
});

test.each([
  ["argo-workflows", { app: "argo-server" }, "https"],
  ["argo-workflows", { [K8S_NAME]: "argo-workflows-server" }, "http"],
  ["headlamp", { [K8S_NAME]: "headlamp" }, "http"],
  ["dashboard", {}, "https"],
])("%s with %j speaks %s", (id, labels, wanted) => {
  expect(schemeOf(presetOf(id), new Map(Object.entries(labels)))).toBe(wanted);
});
