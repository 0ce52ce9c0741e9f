package health

// Conditional says whether the gate has nothing to say under some circumstances.
func (g Gate) Conditional() bool { return g.applies != nil }
