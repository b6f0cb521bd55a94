extension ContainerFlags {
    static let plainFlags: Set<String> = [
        "interactive", "tty", "rm", "init", "read-only", "privileged", "publish-all", "quiet",
        "no-healthcheck",
    ]
    static let plainShorts: [StaticString] = [
        "i=interactive", "t=tty", "l=label", "e=env", "w=workdir", "u=user", "v=volume", "h=hostname",
        "m=memory",
        "c=cpu-shares", "p=publish", "P=publish-all", "a=attach", "q=quiet",
    ]

    /// Takes every option from plain words.
    init(_ words: inout PlainWords) {
        self.init()
        name = words.text("name")
        interactive = words.flag("interactive")
        tty = words.flag("tty")
        attach = words.texts("attach")
        rm = words.flag("rm")
        restart = words.text("restart") ?? Self.noRestart
        cidfile = words.text("cidfile")
        label = words.texts("label")
        annotation = words.texts("annotation")
        platform = words.text("platform")
        pull = words.text("pull") ?? Self.pullMissing
        quiet = words.flag("quiet")
        noHealthcheck = words.flag("no-healthcheck")

        environment = words.texts("env")
        envFile = words.texts("env-file")
        entrypoint = words.text("entrypoint")
        workingDirectory = words.text("workdir")
        user = words.text("user")
        groupAdd = words.texts("group-add")
        usesInit = words.flag("init")
        stopSignal = words.text("stop-signal")
        stopTimeout = words.value("stop-timeout")

        volume = words.texts("volume")
        mount = words.texts("mount")
        volumesFrom = words.texts("volumes-from")
        tmpfs = words.texts("tmpfs")
        readOnly = words.flag("read-only")
        device = words.texts("device")
        storageOpt = words.texts("storage-opt")
        shmSize = words.text("shm-size")

        // Its other name, --net, is left to the parser.
        network = words.text("network") ?? Self.usualNetwork
        publish = words.texts("publish")
        publishAll = words.flag("publish-all")
        ip = words.text("ip")
        ip6 = words.text("ip6")
        hostname = words.text("hostname")
        domainname = words.text("domainname")
        addHost = words.texts("add-host")
        dns = words.texts("dns")
        dnsSearch = words.texts("dns-search")
        dnsOption = words.texts("dns-option")
        pid = words.text("pid")
        ipc = words.text("ipc")
        uts = words.text("uts")
        cgroupns = words.text("cgroupns")
        userns = words.text("userns")
        uidmap = words.texts("uidmap")
        gidmap = words.texts("gidmap")

        capAdd = words.texts("cap-add")
        capDrop = words.texts("cap-drop")
        securityOpt = words.texts("security-opt")
        privileged = words.flag("privileged")
        sysctl = words.texts("sysctl")

        resources = ResourceFlags(&words)
        ulimit = words.texts("ulimit")
        oomScoreAdj = words.value("oom-score-adj")
        logDriver = words.text("log-driver") ?? Self.usualLogDriver
        logOpt = words.texts("log-opt")
    }
}
