/* A step of a shared library: profd in one line of a Jenkinsfile.
 *
 *     profd task: 'gate'
 *     profd task: 'bench', options: '--tier daily', build: 'make'
 *
 * task: gate (unless given) or bench. workloads, options: words. build: what bench runs first.
 * tarball, checksum: of profd, where the agent has none. unstable: whether 'no verdict' (status 3)
 * makes the build UNSTABLE, true unless given. Results are archived and JUnit's are read whatever
 * happens; index.html and report.html are readable under Jenkins' content policy, without scripts.
 * What is given reaches the shell by the environment, and so is no command. */
def call(Map given = [:]) {
    def known = ['task', 'workloads', 'options', 'build', 'tarball', 'checksum', 'unstable']
    for (key in given.keySet()) {
        if (!known.contains(key)) {
            error "profd: there is no '${key}'; known are ${known.join(', ')}"
        }
    }
    def status = 2
    try {
        withEnv(["PROFD_TASK=${given.task ?: 'gate'}",
                 "PROFD_WORDS=${given.options ?: ''} ${given.workloads ?: ''}",
                 "PROFD_BUILD=${given.build ?: 'true'}",
                 "PROFD_TARBALL=${given.tarball ?: ''}",
                 "PROFD_SHA256=${given.checksum ?: ''}"]) {
            status = sh(returnStatus: true, label: 'profd', script: '''
                set -euf
                export CI=true
                if ! command -v profd >/dev/null; then
                    curl --proto =https --tlsv1.2 -fsSL --retry 3 -o .profd.tar.gz -- "$PROFD_TARBALL"
                    echo "$PROFD_SHA256  .profd.tar.gz" | sha256sum -c -
                    mkdir -p .profd-tool
                    tar -C .profd-tool --strip-components=1 -xzf .profd.tar.gz
                    rm .profd.tar.gz
                    export PATH="$PWD/.profd-tool/bin:$PATH"
                fi
                if [ "$PROFD_TASK" = bench ]; then sh -ec "$PROFD_BUILD"; fi
                exec profd "$PROFD_TASK" --force -o profd-out $PROFD_WORDS
            ''')
        }
    } finally {
        archiveArtifacts artifacts: 'profd-out/**', allowEmptyArchive: true, fingerprint: false
        junit testResults: 'profd-out/junit.xml', allowEmptyResults: true
    }
    if (status == 3 && given.unstable != false) {
        unstable 'profd: no verdict'
    } else if (status == 1) {
        error 'profd: slower, or a budget exceeded; see junit and report.html'
    } else if (status != 0) {
        error "profd: status ${status}"
    }
    return status
}
