package auth

import "testing"

// TestMayCost: no SMS goes to a number whose owner shares what it costs (RL-08).
func TestMayCost(t *testing.T) {
	for number, want := range map[string]bool{
		"+14155552671": false, "+447400123456": false, "+4915112345678": false, "+41791234567": false, "+442079460958": false,
		"+19002345678": true, "+449098790879": true, "+979123456789": true, "+881612345678": true, "+870773111632": true,
		"+18002345678": true, "+448001234567": true, "+80012345678": true, "+448431234567": true, "+447012345678": true,
	} {
		if _, err := ParsePhone(number, "US"); err != nil {
			t.Errorf("%s is not valid", number)
		}
		if got := mayCost(number); got != want {
			t.Errorf("%s: %v, want %v", number, got, want)
		}
	}
}
