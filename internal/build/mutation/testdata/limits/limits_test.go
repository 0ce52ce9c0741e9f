package limits

import "testing"

func TestFull(t *testing.T) {
	if Full(4) || !Full(5) {
		t.Error("five are too many, four are not")
	}
}
