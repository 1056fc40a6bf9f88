#!/usr/bin/env bash
# usage: test/slurm/cluster.sh start DIR [NODES] | stop DIR | node DIR NAME
# A Slurm cluster of this machine alone, in a folder of its own: munged, slurmctld and a slurmd for each node. Commands of Slurm find
# it by SLURM_CONF=DIR/slurm.conf. `node` starts the slurmd of a node again that was killed. Needs root, slurm-wlm and munge.
# With CGROUP=1 jobs are held to their memory by control groups, where the machine lets them be made.
set -euo pipefail
what="$1"
dir="$(mkdir -p "$2" && cd "$2" && pwd)"
conf="$dir/slurm.conf"

configure() {
  local nodes="$1" port=$((20000 + RANDOM % 10000)) host
  host="$(hostname)"
  local contain="ProctrackType=proctrack/linuxproc
TaskPlugin=task/none"
  if [ "${CGROUP:-}" = 1 ]; then
    contain="ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup"
    printf 'CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\nConstrainSwapSpace=no\n' >"$dir/cgroup.conf"
  fi
  mkdir -p "$dir/state"
  cat >"$conf" <<END
ClusterName=hypercrl
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
# A job that was put back into the queue waits for so long.
AuthInfo=socket=$dir/munge.sock,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/%n.log
$contain
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MaxJobCount=20000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=1 RealMemory=8000
PartitionName=main Nodes=n[1-$nodes] Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=n[1-$nodes] PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
PartitionName=parked Nodes=n[1-$nodes] MaxTime=INFINITE State=DOWN
END
  seq -f 'n%g' 1 "$nodes" >"$dir/nodes"
}

# What jobs take shall not keep others from this machine.
start_node() {
  mkdir -p "$dir/spool-$1"
  SLURM_CONF="$conf" nice -n "${NICE:-5}" slurmd -N "$1" -f "$conf"
}

case "$what" in
start)
  configure "${3:-3}"
  [ -f "$dir/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
  munged --force --socket="$dir/munge.sock" --key-file="$dir/munge.key" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munged.log" --seed-file="$dir/munge.seed"
  SLURM_CONF="$conf" slurmctld -f "$conf"
  while read -r node; do start_node "$node"; done <"$dir/nodes"
  for _ in $(seq 60); do
    [ "$(SLURM_CONF="$conf" sinfo --noheader --partition=main --states=idle --format=%D)" = "${3:-3}" ] && exit 0
    sleep 0.5
  done
  echo "The nodes did not come up; see $dir/*.log" >&2
  exit 1
  ;;
node) start_node "$3" ;;
stop)
  for name in $(cat "$dir/nodes" 2>/dev/null) slurmctld munged; do
    pid="$(cat "$dir/$name.pid" 2>/dev/null)" || continue
    kill "$pid" 2>/dev/null || continue
    # It writes its state at the end.
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  done
  ;;
*)
  sed -n 's/^# usage: //p' "$0" >&2
  exit 2
  ;;
esac
