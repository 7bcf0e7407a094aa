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
    /// A text of the labels and annotations that every object gets, and of the managers that are taken over, for digests.
    let everyObject: [UInt8]

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
        everyObject =
            managedMetadata.everyObject(in: client.kubeconfig.namespace)
            + takenManagers.flatMap { Array("\n\($0)".utf8) }
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
        var work = Work(manifests, defaultNamespace: client.kubeconfig.namespace)
        work.survey = await survey(work)
        let schedule = ApplySchedule(work.objects, work.needs, finished: work.survey.unchanged)
        var applier = self
        applier.changesLimits = manifests.contains { manifest in
            let type = manifest.identity.type
            return type.group.isEmpty && ["LimitRange", "ResourceQuota"].contains(type.kind)
        }
        async let _: Void = schedule.passSlowObjects()
        await withDiscardingTaskGroup { [applier, work] group in
            while case let turns = await schedule.turns(), !turns.isEmpty {
                for (index, turn) in turns { group.addTask { await applier.apply(index, of: work, schedule, turn) } }
            }
        }
        return schedule.applied.sorted().map { work.objects[$0] }
    }

    /// The objects of one apply.
    struct Work: Sendable {
        var objects: [ManifestObject]
        /// Failures of objects that are described more than once, by position.
        var repetitions: [Int: ObjectFailure] = [:]
        /// The dependencies between the objects.
        var needs: ApplyNeeds
        /// The knowledge from lists of metadata.
        var survey = Survey()
        /// The namespaces and kinds that this apply has created, which had no objects.
        let created = CreatedScopes()

        fileprivate init(_ manifests: [ManifestObject], defaultNamespace: String) {
            let found = DistinctObjects(of: ApplyOrder.sorted(manifests), defaultNamespace: defaultNamespace)
            objects = found.objects
            needs = ApplyNeeds(objects, defaultNamespace: defaultNamespace)
            for (index, set) in found.repetitions where !DistinctObjects.areEqual(set) {
                repetitions[index] = ObjectFailure(
                    object: objects[index].identity,
                    cause: .invalid,
                    faults: DistinctObjects.faults(of: set),
                )
            }
        }
    }

    /// Applies one object when its turn has come.
    private func apply(_ index: Int, of work: Work, _ schedule: ApplySchedule, _ turn: ApplySchedule.Turn) async {
        let manifest = work.objects[index]
        func fail(_ failure: ObjectFailure) {
            keepVerification(of: manifest)
            say(.failed(failure))
            schedule.fail(index, failure)
        }
        switch turn {
        case .blocked(let needed): fail(ObjectFailure(manifest, notTriedBecauseOf: needed))
        case .start(let other):
            if let repetition = work.repetitions[index] {
                fail(repetition)
            } else if ContinuousClock.now >= retryPolicy.deadline {
                let before = other.map { "after \(work.objects[$0].identity)" } ?? "of the task's timeout"
                let hint = "increase 'timeout' of task '\(managedMetadata.task)'"
                fail(ObjectFailure(manifest, .other, "not tried: no time was left \(before)", hint: hint))
            } else {
                do throws(ObjectFailure) {
                    try await start(index, of: work, schedule)
                } catch {
                    // An interrupted object has not failed: the task reports the interruption.
                    if error.cause != .interrupted { fail(error) }
                }
            }
        }
    }

    private func start(_ index: Int, of work: Work, _ schedule: ApplySchedule) async throws(ObjectFailure) {
        let manifest = work.objects[index]
        // The generation is read before any part of a definition is read or written.
        let generation = client.traits.changes.generations.definitions
        var application = ObjectApplication(
            applier: self,
            manifest: manifest,
            isKnownToDiffer: work.survey.changed.contains(index),
            isListedAsMissing: work.survey.missing.contains(index),
            created: work.created
        ) { delay in
            schedule.stepAside(index)
            return await sleep(max(delay, min(schedule.retryPause, retryPolicy.deadline - .now)))
        }
        let result: ObjectApplication.Result
        if let known = try await application.runByMetadata() {
            result = known
        } else {
            application.manifest = try loaded(manifest)
            result = try await application.run()
        }
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
        if result.effect.change == .created, dryRunOverlay == nil { work.created.add(manifest) }
        say(.applied(result.identity, result.effect))
        schedule.succeed(index)
    }

    /// Returns an object with its tree in memory.
    ///
    /// - Throws: ``ObjectFailure`` if its annotations are wrong.
    private func loaded(_ manifest: ManifestObject) throws(ObjectFailure) -> ManifestObject {
        let manifest = manifest.loaded
        if let failure = ObjectFailure(wrongAnnotationsOf: manifest) { throw failure }
        return manifest
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
        )
    }
}
