import type { Find, Preset } from "./preset.ts";

const NAME = "app.kubernetes.io/name";
const COMPONENT = "app.kubernetes.io/component";
const CHART = "helm.sh/chart";

const NOTHING_TO_FIND: Find = {
  services: [],
  serviceLabels: [],
  podLabels: [],
  images: [],
  except: [],
  namespaces: [],
};

/** What holds where nothing else is known. */
export const DEFAULTS = {
  find: NOTHING_TO_FIND,
  ports: [],
  scheme: "http",
  path: "/",
  ready: undefined,
  strip: [],
  expire: [],
  headers: [],
  refusals: {},
  sends: "bearer",
  leg: "pod",
  impersonation: "ignores",
} as const satisfies Omit<Preset, "id" | "name">;

/** Where its pods and Services are labelled as the chart does it. */
const named = (name: string): Pick<Find, "serviceLabels" | "podLabels"> => ({
  serviceLabels: [{ [NAME]: name }],
  podLabels: [{ [NAME]: name }],
});

/** Of the Prometheus operator: they exist beside the Service that people mean. */
const GOVERNING = ["*-operated", "*-headless"];

/**
 * The UIs that kauth knows. A fact without a source beside it is of ui-traffic/README.md or open.md §5; `docs/uis.md`
 * has all of them.
 */
export const PRESETS: readonly Preset[] = [
  {
    ...DEFAULTS,
    id: "headlamp",
    name: "Headlamp",
    find: {
      ...NOTHING_TO_FIND,
      // charts/headlamp/templates/_helpers.tpl of headlamp-k8s/headlamp
      serviceLabels: [{ [NAME]: "headlamp" }, { [CHART]: "headlamp-*" }],
      podLabels: [{ [NAME]: "headlamp" }],
      services: ["headlamp", "*-headlamp"],
      images: ["headlamp-k8s/headlamp"],
      namespaces: ["headlamp", "kube-system"],
    },
    ports: ["http", 80, 4466],
    ready: { path: "/config", answers: [{ status: 200, keys: ["clusters"] }] },
    // Of any cluster: the cookie wins over the header (U2).
    strip: ["headlamp-auth-*"],
    refusals: {
      // It looks into the token and not at the cluster: opaque ones fail there (U18).
      never: ["/clusters/*/me"],
      // The API server closes the connection after some 401s, and what was just being sent becomes a 502 (U17).
      perhaps: [{ status: 502, path: "/clusters/**" }],
    },
    leg: "direct",
    impersonation: "accepts",
  },
  {
    ...DEFAULTS,
    id: "dashboard",
    name: "Kubernetes Dashboard 7",
    find: {
      ...NOTHING_TO_FIND,
      // Kong stands in front of it, with labels of its own; the Service behind it has a page without an API.
      services: ["*dashboard-kong-proxy"],
      images: ["kubernetesui/dashboard-web", "kubernetesui/dashboard-api", "kubernetesui/dashboard-auth"],
      podLabels: [{ "app.kubernetes.io/part-of": "kubernetes-dashboard" }],
      namespaces: ["kubernetes-dashboard"],
    },
    // charts/kong/templates/service-kong-proxy.yaml of Kong/charts
    ports: ["kong-proxy-tls", 443],
    scheme: "https",
    ready: {
      path: "/api/v1/me",
      answers: [
        { status: 200, keys: ["authenticated"] },
        { status: 401, contains: "MSG_LOGIN_UNAUTHORIZED_ERROR" },
      ],
    },
    asks: "/api/v1/me",
    strip: ["token"],
    // The page's script reads it and says whose it is (U3).
    expire: ["token"],
    impersonation: "accepts",
  },
  {
    ...DEFAULTS,
    id: "dashboard-2",
    name: "Kubernetes Dashboard 2",
    find: {
      ...NOTHING_TO_FIND,
      // aio/deploy/recommended.yaml of kubernetes/dashboard
      services: ["kubernetes-dashboard"],
      serviceLabels: [{ "k8s-app": "kubernetes-dashboard" }],
      podLabels: [{ "k8s-app": "kubernetes-dashboard" }],
      images: ["kubernetesui/dashboard"],
      namespaces: ["kubernetes-dashboard", "kube-system"],
    },
    ports: [443],
    scheme: "https",
    ready: { path: "/api/v1/login/status", answers: [{ status: 200, keys: ["headerPresent"] }] },
    strip: ["jweToken"],
    expire: ["jweToken"],
    impersonation: "accepts",
  },
  {
    ...DEFAULTS,
    id: "kiali",
    name: "Kiali",
    find: {
      ...NOTHING_TO_FIND,
      // kiali-server/templates/_helpers.tpl of kiali/helm-charts
      ...named("kiali"),
      services: ["kiali"],
      images: ["kiali/kiali"],
      namespaces: ["istio-system", "kiali"],
    },
    // kiali-server/templates/service.yaml and values.yaml of kiali/helm-charts
    ports: ["http", "tcp", 20001],
    ready: {
      // The default web root is /kiali (_helpers.tpl), and "/" leads there (routing/router.go of kiali/kiali).
      path: "/kiali/api/auth/info",
      answers: [{ status: 200, keys: ["strategy"] }],
    },
    // Its session holds the token that it began with, and is 401 once another is sent (business/authentication/
    // header_auth_controller.go of kiali/kiali): its page begins anew, and no plugin has to run for that.
    refusals: { perhaps: [{ status: 401, path: "/**" }] },
    impersonation: "accepts",
  },
  {
    ...DEFAULTS,
    id: "grafana",
    name: "Grafana",
    find: {
      ...NOTHING_TO_FIND,
      // manifests/grafana-service.yaml of prometheus-operator/kube-prometheus
      ...named("grafana"),
      services: ["grafana", "*-grafana"],
      images: ["grafana/grafana", "grafana/grafana-enterprise", "grafana/grafana-oss"],
      except: GOVERNING,
      namespaces: ["monitoring", "grafana", "observability"],
    },
    // charts/grafana/values.yaml of grafana/helm-charts: 80 to 3000
    ports: ["service", "http-web", "http", 3000, 80],
    // grafana.com/docs/grafana/latest/developers/http_api/other, "Health API"
    ready: { path: "/api/health", answers: [{ status: 200, keys: ["database"] }] },
    // grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/auth-proxy; a Grafana
    // that is not set up for it does nothing with the header.
    headers: [{ name: "X-WEBAUTH-USER", value: "{{username}}" }],
    sends: "headers",
  },
  {
    ...DEFAULTS,
    id: "prometheus",
    name: "Prometheus",
    find: {
      ...NOTHING_TO_FIND,
      // manifests/prometheus-service.yaml of prometheus-operator/kube-prometheus
      serviceLabels: [
        { [NAME]: "prometheus", [COMPONENT]: "prometheus" },
        // charts/prometheus/templates/_helpers.tpl of prometheus-community/helm-charts
        { [NAME]: "prometheus", [COMPONENT]: "server" },
      ],
      podLabels: [{ [NAME]: "prometheus" }],
      services: ["prometheus", "prometheus-k8s", "prometheus-server", "*-prometheus", "*-prometheus-server"],
      images: ["prom/prometheus", "prometheus/prometheus"],
      except: GOVERNING,
      namespaces: ["monitoring", "prometheus", "observability"],
    },
    ports: ["web", "http-web", "http", 9090, 80],
    // prometheus.io/docs/prometheus/latest/management_api, and the text in web/web.go of prometheus/prometheus
    ready: { path: "/-/ready", answers: [{ status: 200, contains: "Ready" }] },
    sends: "nothing",
  },
  {
    ...DEFAULTS,
    id: "alertmanager",
    name: "Alertmanager",
    find: {
      ...NOTHING_TO_FIND,
      // manifests/alertmanager-service.yaml of prometheus-operator/kube-prometheus
      ...named("alertmanager"),
      services: ["alertmanager", "alertmanager-main", "*-alertmanager"],
      images: ["prom/alertmanager", "prometheus/alertmanager"],
      except: GOVERNING,
      namespaces: ["monitoring", "prometheus", "observability"],
    },
    ports: ["web", "http-web", "http", 9093],
    // ui/web.go of prometheus/alertmanager
    ready: { path: "/-/ready", answers: [{ status: 200, contains: "OK" }] },
    sends: "nothing",
  },
  {
    ...DEFAULTS,
    id: "argo-workflows",
    name: "Argo Workflows",
    find: {
      ...NOTHING_TO_FIND,
      // manifests/base/argo-server of argoproj/argo-workflows; charts/argo-workflows of argoproj/argo-helm
      serviceLabels: [{ app: "argo-server" }, { [NAME]: "argo-workflows-server" }],
      podLabels: [{ app: "argo-server" }, { [NAME]: "argo-workflows-server" }],
      services: ["argo-server", "*-argo-workflows-server"],
      images: ["argoproj/argocli"],
      namespaces: ["argo", "argo-workflows"],
    },
    ports: [2746, "web", "http"],
    // docs/argo-server.md: HTTPS by default; the chart turns it off (server.secure: false).
    scheme: "https",
    otherScheme: [{ [NAME]: "argo-workflows-server" }],
    // ui/src/app/index.html of argoproj/argo-workflows
    ready: { path: "/", answers: [{ status: 200, contains: "<title>Argo</title>" }] },
    // The header is read first, then this cookie (server/auth/gatekeeper.go): without a header it would sign in.
    strip: ["authorization"],
  },
  {
    ...DEFAULTS,
    id: "kubetail",
    name: "Kubetail",
    find: {
      ...NOTHING_TO_FIND,
      // charts/kubetail/templates of kubetail-org/helm-charts
      serviceLabels: [
        { [NAME]: "kubetail", [COMPONENT]: "dashboard" },
        { [NAME]: "kubetail", [COMPONENT]: "server" },
      ],
      podLabels: [
        { [NAME]: "kubetail", [COMPONENT]: "dashboard" },
        { [NAME]: "kubetail", [COMPONENT]: "server" },
      ],
      services: ["kubetail-dashboard", "*-kubetail-dashboard"],
      images: ["kubetail/kubetail-dashboard"],
      namespaces: ["kubetail", "kubetail-system"],
    },
    ports: ["http", 8080],
    // modules/dashboard/pkg/app/app.go of kubetail-org/kubetail
    ready: { path: "/healthz", answers: [{ status: 200, keys: ["status"] }] },
  },
  {
    ...DEFAULTS,
    id: "kube-rbac-proxy",
    name: "a UI behind kube-rbac-proxy",
    // Only where it is the container that answers: whose Service it is in front of, its name does not say.
    find: { ...NOTHING_TO_FIND, images: ["brancz/kube-rbac-proxy"] },
    // examples/non-resource-url/deployment.yaml of brancz/kube-rbac-proxy
    ports: ["https", 8443],
    scheme: "https",
  },
];
