public import Base
import YAML

/// Applies manifests by server-side apply, each object as soon as the objects that it needs exist.
///
/// Maps to `PATCH` with `application/apply-patch+yaml` and `fieldValidation=Strict`; a field of another manager is not
/// taken unless ``forceConflicts`` is set. All failures are reported, and an object is skipped only if it needs a
/// failed object.
public struct Applier: Sendable {
    /// A report about one object.
    public enum Message: Sendable {
        /// An object matches its manifest or, in a dry run, would match it; the result of a dry run includes a diff.
        case applied(ObjectIdentity, ObjectResult)
        /// An object could not be applied.
        case failed(ObjectFailure)
        /// The server, or the applier, warns about an object.
        case warning(ObjectIdentity, String)
    }

    /// The API server.
    public var client: APIClient
    /// The labels and annotations that every object gets.
    public var managedMetadata: ManagedMetadata
    /// Whether fields of other managers are taken over.
    public var forceConflicts: Bool
    /// Whether fields of other managers keep their values while the rest of an object is applied.
    var keepsConflicts: Bool
    /// The managers whose fields are taken over, even fields that the manifests do not have.
    var takenManagers: TakenManagers
    /// The objects that a dry run would have created so far, `nil` unless this is a dry run.
    public var dryRunOverlay: DryRunOverlay?
    /// The objects that earlier runs have found unchanged, `nil` if they are not used.
    public var verified: VerifiedObjects?
    /// The deadline and reporting of repeated attempts.
    public var retryPolicy: RetryPolicy
    /// Finds another task that describes an object; `namedTask` is named in the object on the server.
    public var rival: @Sendable (ManifestObject, _ namedTask: String?) async -> Rival?
    /// Returns whether an object's requirement that is missing on the server may still be created.
    public var mayAppear: @Sendable (Requirement) async -> Bool
    /// Called before an object is created.
    public var willCreate: @Sendable (ObjectIdentity) async throws(APIError) -> Void
    /// Receives the reports, on any thread.
    public var say: @Sendable (Message) -> Void

    /// Whether the objects change quotas or limits, which take effect with a short delay.
    var changesLimits = false

    /// Another task that describes the same object.
    public struct Rival: Sendable {
        /// The task's name.
        public var task: String
        /// The location of the object in the task's manifest.
        public var location: SourceLocation

        public init(task: String, location: SourceLocation) {
            self.task = task
            self.location = location
        }
    }

    public init(
        client: APIClient,
        managedMetadata: ManagedMetadata,
        forceConflicts: Bool,
        keepsConflicts: Bool = false,
        takenManagers: [String] = [],
        dryRunOverlay: DryRunOverlay?,
        verified: VerifiedObjects? = nil,
        retryPolicy: RetryPolicy,
        rival: @escaping @Sendable (ManifestObject, _ namedTask: String?) async -> Rival? = { _, _ in nil },
        mayAppear: @escaping @Sendable (Requirement) async -> Bool = { _ in true },
        willCreate: @escaping @Sendable (ObjectIdentity) async throws(APIError) -> Void = { _ in },
        say: @escaping @Sendable (Message) -> Void,
    ) {
        self.client = client
        self.managedMetadata = managedMetadata
        self.forceConflicts = forceConflicts
        self.keepsConflicts = keepsConflicts
        self.takenManagers = TakenManagers(names: takenManagers)
        self.dryRunOverlay = dryRunOverlay
        self.verified = verified
        self.retryPolicy = retryPolicy
        self.rival = rival
        self.mayAppear = mayAppear
        self.willCreate = willCreate
        self.say = say
    }

    /// Applies manifests and returns the objects that are on the server.
    ///
    /// Does not throw; each failure is reported.
    public func apply(_ manifests: [ManifestObject]) async -> [ManifestObject] {
        let work = Work(manifests, defaultNamespace: client.kubeconfig.namespace)
        var applier = self
        applier.changesLimits = manifests.contains { manifest in
            let type = manifest.identity.type
            return type.group.isEmpty && ["LimitRange", "ResourceQuota"].contains(type.kind)
        }
        async let _: Void = work.schedule.passSlowObjects()
        await withDiscardingTaskGroup { [applier] group in
            while case let turns = await work.schedule.turns(), !turns.isEmpty {
                for (index, turn) in turns { group.addTask { await applier.apply(index, of: work, turn) } }
            }
        }
        return work.schedule.applied.sorted().map { work.objects[$0] }
    }

    /// The objects of one apply.
    private struct Work {
        var objects: [ManifestObject]
        /// Failures of objects that are described more than once, by position.
        var repetitions: [Int: ObjectFailure] = [:]
        var schedule: ApplySchedule

        init(_ manifests: [ManifestObject], defaultNamespace: String) {
            let sets = Repetitions.sets(of: ApplyOrder.sorted(manifests), defaultNamespace: defaultNamespace)
            objects = sets.compactMap(\.first)
            for (index, set) in sets.enumerated() where !Repetitions.areEqual(set) {
                repetitions[index] = ObjectFailure(
                    object: objects[index].identity,
                    cause: .invalid,
                    faults: Repetitions.faults(of: set),
                )
            }
            schedule = ApplySchedule(objects, defaultNamespace: defaultNamespace)
        }
    }

    /// Applies one object when its turn has come.
    private func apply(_ index: Int, of work: Work, _ turn: ApplySchedule.Turn) async {
        let manifest = work.objects[index]
        switch turn {
        case .blocked(let needed):
            fail(index, of: work, ObjectFailure(manifest, notTriedBecauseOf: needed))
        case .start(let other):
            if let repetition = work.repetitions[index] {
                fail(index, of: work, repetition)
            } else if ContinuousClock.now >= retryPolicy.deadline {
                let before = other.map { "after \(work.objects[$0].identity)" } ?? "of the task's timeout"
                let hint = "increase 'timeout' of task '\(managedMetadata.task)'"
                fail(
                    index,
                    of: work,
                    ObjectFailure(manifest, .other, "not tried: no time was left \(before)", hint: hint)
                )
            } else {
                await start(index, of: work)
            }
        }
    }

    private func start(_ index: Int, of work: Work) async {
        let (manifest, schedule) = (work.objects[index].loaded, work.schedule)
        if let failure = ObjectFailure(wrongAnnotationsOf: manifest) { return fail(index, of: work, failure) }
        // The generation is read before any part of a definition is read or written.
        let generation = client.traits.changes.generations.definitions
        do throws(ObjectFailure) {
            let application = ObjectApplication(applier: self, manifest: manifest) { delay in
                schedule.stepAside(index)
                return await sleep(max(delay, min(schedule.retryPause, retryPolicy.deadline - .now)))
            }
            let result = try await application.run()
            if manifest.identity.isCustomResourceDefinition, dryRunOverlay == nil, let object = result.object {
                if !result.isEstablished {
                    schedule.stepAside(index)
                    try await awaitServed(manifest, object)
                }
                if let kind = DefinedKind(manifest) {
                    client.traits.record(definition: object, of: kind, readIn: generation)
                }
            }
            result.verification?.record()
            say(.applied(result.identity, result.effect))
            schedule.succeed(index)
        } catch {
            // An interrupted object has not failed: the task reports the interruption.
            if error.cause != .interrupted { fail(index, of: work, error) }
        }
    }

    private func fail(_ index: Int, of work: Work, _ failure: ObjectFailure) {
        keepVerification(of: work.objects[index])
        say(.failed(failure))
        work.schedule.fail(index, failure)
    }

    /// Keeps the entry of an object that this run cannot verify, because the entry still holds for its earlier state.
    private func keepVerification(of manifest: ManifestObject) {
        let namespace = client.kubeconfig.namespace
        verified?.keep(VerifiedObjects.key(of: manifest.identity, defaultNamespace: namespace))
    }

    /// Returns the explanation for a refusal of an object.
    func explanation(of manifest: ManifestObject, live: Node?) -> Explanation {
        Explanation(
            client: client,
            manifest: manifest,
            live: live,
            task: managedMetadata.task,
            deadline: retryPolicy.deadline,
            takenManagers: takenManagers,
        )
    }
}
