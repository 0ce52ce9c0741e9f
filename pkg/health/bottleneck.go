package health

// classify says on which side progress is limited. A server gate that argues for critical settles it:
// advice about workers is beside the point then. Tasks that wait are the workers' business only when
// no server gate fires: with a rate limit in force they wait in front of idle slots (measured). Code that fails
// again and again makes its own tasks wait, so the application comes before mere waiting. Progress that is missing while
// tasks go to the backlog is missing for want of workers: the server hands out what it has.
func classify(r *reading, results []GateResult) Bottleneck {
	var server, serverCritical, worker, application, waiting, progress, limited bool
	for _, g := range results {
		limited = limited || g.ID == "rate_limited" && g.Result == Fired
	}
	for _, g := range results {
		if g.Result != Fired {
			continue
		}
		switch g.Side {
		case SideServer:
			server = true
			serverCritical = serverCritical || g.Severity == Critical
		case SideWorker:
			// A server's limit refuses polls too: then sound workers look as if they did not poll.
			if limited && g.Signal != SlotlessQueues && g.Signal != WorkflowSlots && g.Signal != ActivitySlots {
				waiting = true
			} else {
				worker = true
			}
		case SideApplication:
			application = true
		case SideWaiting:
			waiting = true
		case SideProgress:
			progress = true
		}
	}
	switch {
	case serverCritical:
		return ServerLimited
	case server && worker:
		return Mixed
	case server:
		return ServerLimited
	case worker:
		return WorkerLimited
	case application:
		return ApplicationLimited
	case waiting:
		return WorkerLimited
	case progress && r.atLeast(BacklogInflow, minDemand) == yes && r.startsSucceed() == yes:
		return WorkerLimited
	case progress:
		return ServerLimited
	default:
		return BottleneckHealthy
	}
}

// placeBottleneck takes a new class over when the state changed with it, and else when it was seen
// twice, so that one odd cycle makes no event. What limits a happy cluster has to be seen twice in any case: workers that
// have just started report no free slot for one scrape.
func (m Memory) placeBottleneck(seen Bottleneck, stateChanged bool) Memory {
	once := m.State == Happy && seen != BottleneckHealthy && seen != m.Candidate
	switch {
	case seen == m.Bottleneck:
		m.Candidate = ""
	case once:
		m.Candidate = seen
	case stateChanged || m.Bottleneck == BottleneckUnknown || seen == m.Candidate:
		m.Bottleneck, m.Candidate = seen, ""
	default:
		m.Candidate = seen
	}
	return m
}

// ScalingSignals are those that the scaling rules compare: where one is unknown, no rule that needs it is known not to
// hold.
func ScalingSignals() []SignalID {
	return []SignalID{WorkflowSlots, ActivitySlots, StickyCacheSize, StickyCacheImbalance, PollersPerSlot}
}

// warnings are the scaling rules that hold, whatever the state.
func warnings(r *reading) []Warning {
	var all []Warning
	exhausted := isZero(r, WorkflowSlots) || isZero(r, ActivitySlots)
	if exhausted {
		all = append(all, Warning{NeverScaleDownAtZero,
			"No task slot is free. Do not scale workers down: that makes the backlog worse."})
	}
	workflowPressure := isZero(r, WorkflowSlots) || r.over(WorkflowBacklogAge, waitingAge) == yes
	if workflowPressure && r.over(StickyCacheSize, 0) == yes {
		all = append(all, Warning{StickyQueueWarning,
			"Workflows stick to the workers that cache them. New workers get new workflows only; long-running ones stay where they are."})
	}
	// Twice the average is an imbalance that a restart mends and chance does not make.
	if r.atLeast(StickyCacheImbalance, 2) == yes && (exhausted || workflowPressure) {
		all = append(all, Warning{RestartToRedistribute,
			"One worker holds more than twice its share of cached workflows. A rolling restart of the workers spreads them."})
	}
	if r.over(PollersPerSlot, 1) == yes {
		all = append(all, Warning{PollerExecutorMismatch,
			"A worker has more pollers than executor slots. The surplus pollers do nothing; configure fewer."})
	}
	return all
}

func isZero(r *reading, id SignalID) bool {
	v, ok := r.Value(id)
	return ok && v == 0
}
