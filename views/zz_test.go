package views
import ("testing";"os";"flag";"path/filepath";"fmt")
var shots = flag.String("shots","","")
func TestShots(t *testing.T){
 if *shots=="" {t.Skip()}
 b, origin := newTab(t, chromium(t)), shelf(t)
 for _, th := range []string{"light","dark"} { for _, w := range []int{320,390,1200} {
  b.size(w, 640); b.theme(th)
  for _, s := range gallery() {
   b.open(origin+"/"+s.name)
   var h int
   b.reads(`() => Math.min(document.documentElement.scrollHeight, 2600)`, &h)
   b.size(w, max(h,640))
   png, err := b.page.Screenshot(false,nil); b.try(err)
   os.MkdirAll(*shots,0o755)
   b.try(os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s_%d_%s.png", th,w,s.name)), png, 0o644))
   b.size(w,640)
  }}}
}
