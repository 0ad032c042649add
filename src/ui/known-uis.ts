/** What is asked for and what answers, as far as UIs are told apart by it. */
export interface UiSigns {
  /** Of the container that is reached. */
  readonly image: string | undefined;
  /** Of its pod. */
  readonly labels: ReadonlyMap<string, string>;
  /** Name of the Service that was asked for, if it was one. */
  readonly service: string | undefined;
}

/** What is known about a web UI of Kubernetes (open.md §5). */
export interface KnownUi {
  readonly name: string;
  /** Which hooks fit. */
  readonly kind?: "headlamp" | "dashboard" | "dashboard-2";
  /**
   * Whether it acts as whom the `Impersonate-*` headers of a request name: it takes them itself or hands them to the API
   * server, or it knows nothing of them.
   */
  readonly impersonation: "accepts" | "ignores";
  /** Of the container that is reached; one of these is enough, or one of the others. */
  readonly image?: RegExp;
  /** Labels of the pod, all of them. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly service?: RegExp;
  /** A path that answers 401 to whoever is not signed in, and 200 to whoever is. */
  readonly asks?: string;
}

const NAME = "app.kubernetes.io/name";

/** The first that fits counts. */
const KNOWN_UIS: readonly KnownUi[] = [
  {
    name: "Kubernetes Dashboard 7",
    kind: "dashboard",
    impersonation: "accepts",
    image: /(?:^|\/)kubernetesui\/dashboard-(?:web|api|auth)(?:[:@]|$)/,
    // Kong stands in front of it, with labels of its own.
    service: /(?:^|-)dashboard-kong-proxy$/,
    labels: { "app.kubernetes.io/part-of": "kubernetes-dashboard" },
    asks: "/api/v1/me",
  },
  {
    name: "Kubernetes Dashboard 2",
    kind: "dashboard-2",
    impersonation: "accepts",
    image: /(?:^|\/)kubernetesui\/dashboard(?:[:@]|$)/,
    labels: { "k8s-app": "kubernetes-dashboard" },
  },
  {
    name: "Headlamp",
    kind: "headlamp",
    impersonation: "accepts",
    image: /(?:^|\/)headlamp-k8s\/headlamp(?:[:@]|$)/,
    labels: { [NAME]: "headlamp" },
  },
  {
    name: "Kiali",
    impersonation: "accepts",
    image: /(?:^|\/)kiali\/kiali(?:[:@]|$)/,
    labels: { [NAME]: "kiali" },
  },
  {
    name: "Grafana",
    impersonation: "ignores",
    image: /(?:^|\/)grafana\/grafana(?:-enterprise|-oss)?(?:[:@]|$)/,
    labels: { [NAME]: "grafana" },
  },
  {
    name: "Prometheus",
    impersonation: "ignores",
    image: /(?:^|\/)(?:prom|prometheus)\/prometheus(?:[:@]|$)/,
    labels: { [NAME]: "prometheus" },
  },
];

/** Which UI answers there, as far as names and labels tell. */
export const knownUi = (signs: UiSigns): KnownUi | undefined =>
  KNOWN_UIS.find(({ image, labels, service }) => {
    if (image?.test(signs.image ?? "") === true) return true;
    if (service?.test(signs.service ?? "") === true) return true;
    const wanted = Object.entries(labels ?? {});
    return wanted.length > 0 && wanted.every(([key, value]) => signs.labels.get(key) === value);
  });
