# Completion of profd for bash; goes to /usr/share/bash-completion/completions.

# Completes the recorded command, which begins behind "--", as if it stood alone.
_profd_command() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			elif ((i + 1 == COMP_CWORD)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$1")
			else
				mapfile -t COMPREPLY < <(compgen -f -- "$1")
			fi
			return 0
		fi
	done
	return 1
}

# The options of the verbs of "profd ci", into the caller's $choices.
_profd_ci() {
	case ${COMP_WORDS[2]} in
	env) choices="--json --help" ;;
	init) choices="github gitlab jenkins --force --stdout --help" ;;
	summary)
		case $2 in
		--artifact-url) ;;
		--append) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
		*)
			choices="--append --annotations --artifact-url --help"
			[[ $1 == -* ]] || choices=
			[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -d -- "$1")
			;;
		esac
		;;
	wrap) _profd_command "$1" || choices="-- --help" ;;
	should-run)
		case $2 in
		--label | --token | --path) ;;
		--event) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
		*) choices="--label --token --path --on-demand --event --json --exit-status --help" ;;
		esac
		;;
	comment)
		case $2 in
		--mode) choices="always on-change on-regression" ;;
		--provider) choices="github gitlab" ;;
		--id | --pr | --report-url) ;;
		*)
			choices="--mode --id --provider --pr --report-url --dry-run --help"
			[[ $1 == -* ]] || choices+=" $(compgen -d -- "$1")"
			;;
		esac
		;;
	fetch)
		case $2 in
		--provider) choices="github gitlab" ;;
		-o | --output) choices=$(compgen -d -- "$1") ;;
		--pr | --branch | --run | --artifact) ;;
		*) choices="--pr --branch --run --artifact --provider -o --output --help" ;;
		esac
		;;
	alert)
		case $2 in
		--on) choices="regression failure always" ;;
		--format) choices="json slack" ;;
		--webhook-env) choices=$(compgen -e) ;;
		--issue) choices=$(compgen -f -- "$1") ;;
		--command | --report-url) ;;
		*)
			choices="--on --webhook-env --format --command --issue --report-url --help"
			[[ $1 == -* ]] || choices+=" $(compgen -d -- "$1")"
			;;
		esac
		;;
	esac
}

_profd() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local choices=
	local filters="--focus --ignore --hide --show --show-from --module --process --comm --thread --from --until --symbolize"

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		choices="record replay top view convert merge diff gate compare bench selftest report config ci doctor help --help --version"
	else
		case ${COMP_WORDS[1]} in
		record)
			_profd_command "$word" && return
			case $before in
			-o | --output)
				mapfile -t COMPREPLY < <(compgen -d -- "$word")
				return
				;;
			-e | --event) choices="cycles instructions cache-misses
				branch-misses cpu-clock task-clock page-faults context-switches" ;;
			-F | --frequency) choices="99 499 999" ;;
			--unwind) choices="cfi fp libunwind libdw" ;;
			--reach) choices="cgroup system inherit" ;;
			--engine) choices="auto perf ptrace" ;;
			--format) choices="speedscope firefox perf-script callgrind tree json" ;;
			--raw)
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
				;;
			-p | --pid) choices=$(cd /proc && echo [1-9]*) ;;
			--cgroup)
				mapfile -t COMPREPLY < <(compgen -d -- "${word:-/sys/fs/cgroup/}")
				return
				;;
			--timeout | --max-depth | --raw-limit | -t | --tid | -d | --duration) ;;
			*)
				choices="-p -t -a -d --pid --tid --all-cpus --cgroup --duration -o -F -e -q -v --output --frequency --event --engine --reach
					--wait-tree --wall --unwind --max-depth --timeout --stat --raw --raw-limit
					--format --annotate --force --require-profile --quiet --verbose --help --"
				;;
			esac
			;;
		replay)
			case $before in
			-o | --output)
				mapfile -t COMPREPLY < <(compgen -d -- "$word")
				return
				;;
			--format) choices="speedscope firefox perf-script callgrind tree json" ;;
			*)
				[[ $word != -* ]] || choices="-o -q -v --output --force --annotate
					--format --text --quiet --verbose --help"
				[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
				;;
			esac
			;;
		convert | merge)
			case $before in
			-t | --to) choices="pprof folded svg html speedscope firefox perf-script
				callgrind tree json" ;;
			--unit) choices="count nanoseconds bytes" ;;
			--value) choices="samples cpu" ;;
			-o | --output)
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
				;;
			--focus | --ignore | --hide | --show | --show-from | --module | --process | --comm | --thread | --from | --until) ;;
			*)
				[[ $word != -* ]] || choices="-t -o --to --output --force --value --unit
					--annotate $filters --help"
				[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
				;;
			esac
			;;
		top)
			case $before in
			-n | --rows) ;;
			--value) choices="samples cpu" ;;
			--focus | --ignore | --hide | --show | --show-from | --module | --process | --comm | --thread | --from | --until) ;;
			*)
				[[ $word != -* ]] || choices="-n --rows --cum --value --json $filters --help"
				[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
				;;
			esac
			;;
		view)
			case $before in
			-n | --rows | --min | --depth) ;;
			--value) choices="samples cpu" ;;
			--focus | --ignore | --hide | --show | --show-from | --module | --process | --comm | --thread | --from | --until) ;;
			*)
				[[ $word != -* ]] || choices="--inverted --min --depth -n --rows --value
					--color --color=always --color=never --json $filters --help"
				[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
				;;
			esac
			;;
		gate | compare)
			case $before in
			-o | --output | --from)
				mapfile -t COMPREPLY < <(compgen -d -- "$word")
				return
				;;
			--base) choices="dir: ref: file:" ;;
			--mode) choices="observe warn gate" ;;
			--tier) choices="quick daily weekly" ;;
			--strictness) choices="strict default ci" ;;
			--unit) choices="count nanoseconds bytes" ;;
			--time-budget | --threshold | --seed | --load | --base-cmd | --head-cmd | --value) ;;
			*)
				choices="-o -q --strictness --mode --time-budget --threshold --seed
					--tier --load --no-profile --output --force --json --quiet --help"
				if [[ ${COMP_WORDS[1]} == gate ]]; then
					choices+=" --base --bisect --collect --from"
				elif [[ $word != -* ]]; then
					choices=
					mapfile -t COMPREPLY < <(compgen -f -- "$word")
				else
					choices+=" --base-cmd --head-cmd --all --allow-unlike --value --unit"
				fi
				;;
			esac
			;;
		selftest)
			case $before in
			--minutes | --gates | --seed) ;;
			*) choices="--aa --minutes --gates --seed --json -q --quiet --help" ;;
			esac
			;;
		bench)
			_profd_command "$word" && return
			case $before in
			-o | --output)
				mapfile -t COMPREPLY < <(compgen -d -- "$word")
				return
				;;
			--config)
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
				;;
			--tier) choices="quick daily weekly" ;;
			--strictness) choices="strict default ci" ;;
			-n | --runs | --warmup | --tag | --nice | --load) ;;
			*)
				choices="-n -o -q --runs --warmup --tier --tag --config --strictness --pin
					--nice --load --no-profile --output --force --json --quiet --help --"
				;;
			esac
			;;
		config)
			if ((COMP_CWORD == 2)); then
				choices="check --help"
			elif [[ $word == -* ]]; then
				choices="-q --quiet --json --help"
			else
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
			fi
			;;
		ci)
			if ((COMP_CWORD == 2)); then
				choices="init env should-run summary wrap comment fetch alert --help"
			else
				_profd_ci "$word" "$before"
			fi
			;;
		doctor) choices="--json --help" ;;
		report)
			case $before in
			--format) choices="md comment html junit json openmetrics gha csv" ;;
			-o | --output)
				mapfile -t COMPREPLY < <(compgen -d -- "$word")
				return
				;;
			*)
				[[ $word != -* ]] || choices="--format -o --output --force --help"
				[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
				;;
			esac
			;;
		diff)
			case $before in
			--normalize) choices="none duration total" ;;
			-t | --to) choices="text json folded svg html pprof" ;;
			--unit) choices="count nanoseconds bytes" ;;
			--value) choices="samples cpu" ;;
			-n | --rows | --mark | --title) ;;
			--focus | --ignore | --hide | --show | --show-from | --module | --process | --comm | --thread | --from | --until) ;;
			-o | --output)
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
				;;
			*)
				[[ $word != -* ]] || choices="-n -t -o --normalize --allow-unlike
					--value --unit --rows --cum --all --json --to --output --force
					--annotate --mark --title $filters --help"
				[[ -n $choices ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
				;;
			esac
			;;
		help) choices="record replay top view convert merge diff gate compare bench selftest report config ci doctor" ;;
		esac
	fi
	[[ -z $choices ]] || mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -o filenames -F _profd profd
