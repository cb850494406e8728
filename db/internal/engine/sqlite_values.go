package engine

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"

	"zombiezen.com/go/sqlite"
)

// parameters are the names of a query's parameters.
var parameters = func() (names [32]string) {
	for i := range names {
		names[i] = fmt.Sprintf("$%d", i+1)
	}
	return names
}()

// bind sets the parameters of a query. An argument that the query has no
// parameter for becomes an error when the statement runs.
func bind(stmt *sqlite.Stmt, args []any) error {
	if len(args) > len(parameters) {
		return fmt.Errorf("%d arguments are more than %d", len(args), len(parameters))
	}
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return err
		}
		switch value := value.(type) {
		case string:
			stmt.SetText(parameters[i], value)
		case int64:
			stmt.SetInt64(parameters[i], value)
		case bool:
			stmt.SetBool(parameters[i], value)
		case []byte:
			stmt.SetBytes(parameters[i], value)
		case nil:
			stmt.SetNull(parameters[i])
		default:
			return fmt.Errorf("argument %d is a %T", i+1, arg)
		}
	}
	return nil
}

// scan converts the columns of a row as database/sql does.
func scan(stmt *sqlite.Stmt, row Row) error {
	if got := stmt.ColumnCount(); got != len(row) {
		return fmt.Errorf("%d columns for %d destinations", got, len(row))
	}
	for i, dest := range row {
		if err := scanColumn(stmt, i, dest); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

var errColumnType = errors.New("stored value has another type")

func scanColumn(stmt *sqlite.Stmt, i int, dest any) error {
	stored := stmt.ColumnType(i)
	switch dest := dest.(type) {
	case *any:
		*dest = columnValue(stmt, i, stored)
		return nil
	case sql.Scanner:
		return dest.Scan(columnValue(stmt, i, stored))
	case *[]byte:
		*dest = nil
		if stored != sqlite.TypeNull {
			*dest = columnBytes(stmt, i)
		}
		return nil
	case *string:
		*dest = stmt.ColumnText(i)
		return requireType(stored != sqlite.TypeNull)
	case *int:
		*dest = stmt.ColumnInt(i)
		return requireType(stored == sqlite.TypeInteger)
	case *int64:
		*dest = stmt.ColumnInt64(i)
		return requireType(stored == sqlite.TypeInteger)
	case *bool:
		*dest = stmt.ColumnBool(i)
		return requireType(stored == sqlite.TypeInteger)
	}
	switch named := reflect.ValueOf(dest).Elem(); named.Kind() {
	case reflect.String: // such as auth.UserID
		named.SetString(stmt.ColumnText(i))
		return requireType(stored == sqlite.TypeText)
	case reflect.Int: // such as auth.Role
		named.SetInt(stmt.ColumnInt64(i))
		return requireType(stored == sqlite.TypeInteger)
	}
	return fmt.Errorf("cannot scan into a %T", dest)
}

func requireType(ok bool) error {
	if ok {
		return nil
	}
	return errColumnType
}

// columnValue returns what database/sql passes to a Scanner.
func columnValue(stmt *sqlite.Stmt, i int, stored sqlite.ColumnType) any {
	switch stored {
	case sqlite.TypeInteger:
		return stmt.ColumnInt64(i)
	case sqlite.TypeFloat:
		return stmt.ColumnFloat(i)
	case sqlite.TypeText:
		return stmt.ColumnText(i)
	case sqlite.TypeBlob:
		return columnBytes(stmt, i)
	}
	return nil
}

func columnBytes(stmt *sqlite.Stmt, i int) []byte {
	value := make([]byte, stmt.ColumnLen(i))
	stmt.ColumnBytes(i, value)
	return value
}
