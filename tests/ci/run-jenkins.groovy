/* Executes contrib/jenkins in Groovy, with stand-ins of the pipeline's steps: a shell step runs in a real
 * shell, in the current folder. A step that it does not know ends it, as Groovy has no such method.
 *
 *     groovy run-jenkins.groovy STEP.groovy KEY=VALUE...      calls the step
 *     groovy run-jenkins.groovy STEP.groovy JENKINSFILE       runs the pipeline, as of the main branch;
 *         if that has the library `profd`, STEP.groovy is it
 *
 * Says what was archived, read and decided, a line each; the last is the build's result. */
class Steps extends Script {
    static variables = [:], result = 'SUCCESS', step

    def run() {}

    def withEnv(List more, Closure body) {
        def before = new HashMap(variables)
        more.each { variables.put(it.substring(0, it.indexOf('=')), it.substring(it.indexOf('=') + 1)) }
        try { body() } finally { variables.clear(); variables.putAll(before) }
    }

    def sh(String script) { if (sh(returnStatus: true, script: script)) { error("'${script}' failed") } }

    def sh(Map given) {
        assert given.returnStatus && given.script
        assert (given.keySet() - ['returnStatus', 'label', 'script']).empty
        def builder = new ProcessBuilder('sh', '-c', given.script)
        variables.each { k, v -> builder.environment().put(k.toString(), v.toString()) }
        def process = builder.redirectErrorStream(true).start()
        process.outputStream.close()
        System.err << process.inputStream
        return process.waitFor()
    }

    def archiveArtifacts(Map given) { println "archived ${given.artifacts}" }
    def junit(Map given) { println "junit ${given.testResults}" }
    def unstable(message) { println "unstable ${message}"; result = 'UNSTABLE' }
    def error(message) { println "error ${message}"; result = 'FAILURE'; throw new RuntimeException('error') }
    def profd(Map given) { println "profd ${given}"; step.call(given) }

    /* The parts of a declarative pipeline. */
    def pipeline(Closure c) { c() }
    def options(Closure c) { c() }
    def timeout(Map given) { assert given.time > 0 && given.unit == 'MINUTES' }
    def buildDiscarder(x) {}
    def logRotator(Map given) { assert given.keySet() == ['artifactDaysToKeepStr', 'daysToKeepStr'] as Set }
    def triggers(Closure c) { c() }
    def cron(String when) { println "cron ${when}" }
    def stages(Closure c) { c() }
    static wanted, work, after
    def stage(String name, Closure c) {
        println "stage ${name}"
        Steps.wanted = true
        Steps.work = Steps.after = null
        c()
        def last = Steps.after
        try {
            if (Steps.wanted && Steps.work) { Steps.work() }
        } finally {
            if (Steps.wanted && last) { last() }
        }
    }
    def steps(Closure c) { Steps.work = c }
    def post(Closure c) { Steps.after = c }
    def always(Closure c) { c() }
    def script(Closure c) { c() }
    def when(Closure c) { Steps.wanted = c() }
    def expression(Closure c) { return c() }
    def anyOf(Closure c) { Steps.branches = false; c(); return Steps.branches }
    static branches = false
    def changeRequest() { return false }
    def branch(String name) { Steps.branches |= name == 'main'; return name == 'main' }
    def triggeredBy(String what) { assert what == 'TimerTrigger'; return true }
}

def configuration = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: Steps.name)
def shell = new GroovyShell(this.class.classLoader, new Binding(any: 'any', env: [BRANCH_NAME: 'main']), configuration)
Steps.step = shell.parse(new File(args[0]))
try {
    if (args.length == 2 && new File(args[1]).exists()) {
        def text = new File(args[1]).text
        // `agent any` is a command that only a declarative pipeline has; the library is given.
        shell.evaluate(text.replace("@Library('profd') _", '').replace('agent any', ''))
    } else {
        def given = [:]
        args.drop(1).each { given[it.substring(0, it.indexOf('='))] = it.substring(it.indexOf('=') + 1) }
        Steps.step.call(given)
    }
} catch (RuntimeException e) {
    if (e.message != 'error') { throw e }
}
println Steps.result
