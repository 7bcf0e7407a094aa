import Base
import YAML

/// An API that Kubernetes introduced in a version newer than the oldest supported one.
///
/// The source is the list of API versions in the changelogs of Kubernetes:
/// https://github.com/kubernetes/kubernetes/tree/master/CHANGELOG
struct IntroducedAPI {
    /// The group and version.
    let apiVersion: String
    let kinds: [String]
    /// The first version of Kubernetes that serves the API.
    let introducedIn: KubernetesVersion

    private init(_ apiVersion: String, _ kinds: [String], _ minor: Int) {
        (self.apiVersion, self.kinds, introducedIn) = (apiVersion, kinds, KubernetesVersion(minor: minor))
    }

    /// Every API that was introduced after 1.20, except alpha APIs.
    static let all: [IntroducedAPI] = [
        .init("batch/v1", ["CronJob"], 21),
        .init("discovery.k8s.io/v1", ["EndpointSlice"], 21),
        .init("policy/v1", ["PodDisruptionBudget"], 21),
        .init("storage.k8s.io/v1beta1", ["CSIStorageCapacity"], 21),
        .init("autoscaling/v2", ["HorizontalPodAutoscaler"], 23),
        .init("flowcontrol.apiserver.k8s.io/v1beta2", ["FlowSchema", "PriorityLevelConfiguration"], 23),
        .init("storage.k8s.io/v1", ["CSIStorageCapacity"], 24),
        .init("flowcontrol.apiserver.k8s.io/v1beta3", ["FlowSchema", "PriorityLevelConfiguration"], 26),
        .init(
            "admissionregistration.k8s.io/v1beta1",
            ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
            28
        ),
        .init("authentication.k8s.io/v1", ["SelfSubjectReview"], 28),
        .init("flowcontrol.apiserver.k8s.io/v1", ["FlowSchema", "PriorityLevelConfiguration"], 29),
        .init(
            "admissionregistration.k8s.io/v1",
            ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
            30
        ),
        .init("networking.k8s.io/v1beta1", ["IPAddress", "ServiceCIDR"], 31),
        .init("storage.k8s.io/v1beta1", ["VolumeAttributesClass"], 31),
        .init("resource.k8s.io/v1beta1", resourceKinds, 32),
        .init("networking.k8s.io/v1", ["IPAddress", "ServiceCIDR"], 33),
        .init("resource.k8s.io/v1beta2", resourceKinds, 33),
        .init(
            "admissionregistration.k8s.io/v1beta1",
            ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"],
            34
        ),
        .init("resource.k8s.io/v1", resourceKinds, 34),
        .init("storage.k8s.io/v1", ["VolumeAttributesClass"], 34),
        .init("admissionregistration.k8s.io/v1", ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"], 36),
    ]

    private static let resourceKinds = ["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"]

    /// Returns the API of a kind, or `nil` if every supported server has it or none does.
    static func api(of type: GroupVersionKind) -> IntroducedAPI? {
        index[type.apiVersion]?.first { $0.kinds.contains(type.kind) }
    }

    private static let index = Dictionary(grouping: all, by: \.apiVersion)

    /// Returns the problem if an object's API is newer than the server, otherwise `nil`.
    static func problem(of manifest: ManifestObject, version: KubernetesVersion) -> Problem? {
        let type = manifest.identity.type
        guard let api = api(of: type), version < api.introducedIn else { return nil }
        let hint =
            earlierVersion(of: type, on: version).map { "write 'apiVersion: \($0)'" }
            ?? "use Kubernetes \(api.introducedIn) or later"
        let message = "\(type.kind) of '\(type.apiVersion)' exists since Kubernetes \(api.introducedIn)"
        return Problem(message, at: manifest.root["apiVersion"]?.location, hint: hint)
    }

    /// Returns the API version in which an older server has the same kind.
    private static func earlierVersion(of type: GroupVersionKind, on version: KubernetesVersion) -> String? {
        func isEarlier(_ apiVersion: String, _ kinds: [String]) -> Bool {
            kinds.contains(type.kind) && GroupVersionKind(apiVersion: apiVersion, kind: "").group == type.group
        }
        let removed = RemovedAPI.all.filter { isEarlier($0.apiVersion, $0.kinds) && version < $0.removedIn }
        let introduced = all.filter { isEarlier($0.apiVersion, $0.kinds) && $0.introducedIn <= version }
        return introduced.last?.apiVersion ?? removed.max { $0.removedIn < $1.removedIn }?.apiVersion
    }
}
