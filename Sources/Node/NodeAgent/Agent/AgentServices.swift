import Logging
import PodProbes
import PodVolumes

/// What every pod's worker works with.
package final class AgentServices: Sendable {
    let settings: AgentSettings
    let runtime: CRIRuntime
    /// As the runtime calls itself: what container ids begin with.
    let runtimeName: String
    let images: ImagePuller
    let volumes: VolumeManager
    let devices: any DeviceSource
    let objects: any ObjectSource
    let probes: ProbeKeeper
    let prober: Prober
    let events: EventRecorder
    let statuses: StatusBook
    let records: StatusRecords
    let logLinks: LogLinkFolder
    let resources: any PodResources
    let users: UserRangeBook
    /// What the node is short of.
    package let pressure = NodePressure()
    /// The same that has the objects of volumes.
    let serviceSource: any ServiceSource
    package let shutdown = NodeShutdown()
    package let node: NodeBook
    let features: RuntimeFeatures
    /// What the agent has done.
    var counters: AgentCounters { runtime.counters }
    let admission: PodAdmission
    let log: Logger

    package init(
        settings: AgentSettings, runtime: CRIRuntime, runtimeName: String, images: ImagePuller,
        volumes: VolumeManager, devices: any DeviceSource,
        objects: any ObjectSource & ServiceSource, probes: ProbeKeeper, prober: Prober, events: EventRecorder,
        statuses: StatusBook, records: StatusRecords, logLinks: LogLinkFolder,
        resources: any PodResources, users: UserRangeBook, features: RuntimeFeatures,
        predicates: NodePredicates, log: Logger
    ) {
        self.settings = settings
        self.runtime = runtime
        self.runtimeName = runtimeName
        self.images = images
        self.volumes = volumes
        self.devices = devices
        self.objects = objects
        serviceSource = objects
        self.probes = probes
        self.prober = prober
        self.events = events
        self.statuses = statuses
        self.records = records
        self.logLinks = logLinks
        self.resources = resources
        self.users = users
        self.features = features
        self.log = log
        node = NodeBook(root: settings.root, log: log)
        admission = PodAdmission(
            shutdown: shutdown, features: features, predicates: predicates,
            sysctls: SysctlRules(
                allowed: settings.kubelet.allowedUnsafeSysctls, kernel: MachineFacts.kernelRelease))
    }
}
