package handlers

// RoutePaths are the paths of the route table with what they answer, for the
// test that walks all of them.
func RoutePaths() map[string][2]bool {
	paths := map[string][2]bool{}
	for _, row := range routes {
		paths[row.path] = [2]bool{row.page != nil, row.post != nil}
	}
	return paths
}
