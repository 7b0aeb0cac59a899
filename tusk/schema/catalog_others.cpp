#include <tusk/schema/catalog_queries.hpp>

namespace tusk::schema::detail {

namespace {

std::string place_of(const char* catalog, const std::string& oid) {
    return "'" + std::string{catalog} + "'::regclass::oid as classid, " + oid + " as objid, 0 as objsubid, ";
}

/// Made by a user and not by an extension; for what is in no schema.
std::string made_by_user(const char* catalog, const std::string& oid) {
    return oid + " >= 16384 and not exists (select from pg_depend e where e.classid = '" +
           std::string{catalog} + "'::regclass and e.objid = " + oid + " and e.deptype = 'e')";
}

/// `a 'x'`, `b 'y'` of the options of what is foreign.
std::string foreign_options(const std::string& column) {
    return "(select string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), chr(30) order "
           "by option_name) from pg_options_to_table(" +
           column + ")) as options";
}

std::string function_or_nothing(const std::string& column) {
    return "nullif(" + column + "::oid, 0)::regproc::text";
}

std::string in_schema(const char* schema, const std::string& name) {
    return std::string{"quote_ident("} + schema + ".nspname) || '.' || quote_ident(" + name + ")";
}

catalog_query collations() {
    // The columns have other names in other versions.
    const std::string locale = "coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', "
                               "case when c.collprovider = 'i' then c.collcollate end)";
    return {object_kind::collation,
            "select n.nspname as schema, c.collname as name, " + place_of("pg_collation", "c.oid") +
                "'CREATE COLLATION ' || " + in_schema("n", "c.collname") +
                " || ' (PROVIDER = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else "
                "'libc' end || case when c.collprovider in ('i', 'b') then ', LOCALE = ' || quote_literal(" +
                locale +
                ") else ', LC_COLLATE = ' || quote_literal(c.collcollate) || ', LC_CTYPE = ' || "
                "quote_literal(c.collctype) end || case when c.collisdeterministic then '' else ', "
                "DETERMINISTIC = false' end || coalesce(', RULES = ' || quote_literal(to_jsonb(c) ->> "
                "'collicurules'), '') || ')' as definition, " +
                owner_of("c.collowner") + ", " + comment_of("pg_collation", "c.oid") +
                " from pg_collation c join pg_namespace n on n.oid = c.collnamespace where " +
                of_user("pg_collation", "c.oid")};
}

catalog_query dictionaries() {
    return {object_kind::text_search_dictionary,
            "select n.nspname as schema, d.dictname as name, " + place_of("pg_ts_dict", "d.oid") +
                "'CREATE TEXT SEARCH DICTIONARY ' || " + in_schema("n", "d.dictname") +
                " || ' (TEMPLATE = ' || " + in_schema("tn", "t.tmplname") +
                " || coalesce(', ' || d.dictinitoption, '') || ')' as definition, " +
                owner_of("d.dictowner") + ", " + comment_of("pg_ts_dict", "d.oid") +
                " from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace join pg_ts_template t on "
                "t.oid = d.dicttemplate join pg_namespace tn on tn.oid = t.tmplnamespace where " +
                of_user("pg_ts_dict", "d.oid")};
}

catalog_query configurations() {
    return {object_kind::text_search_configuration,
            "select n.nspname as schema, c.cfgname as name, " + place_of("pg_ts_config", "c.oid") +
                "'CREATE TEXT SEARCH CONFIGURATION ' || " + in_schema("n", "c.cfgname") +
                " || ' (PARSER = ' || " + in_schema("pn", "p.prsname") +
                " || ')' as definition, (select string_agg(m.item, chr(30) order by m.item) from (select "
                "t.alias || ' ' || string_agg(" +
                in_schema("dn", "d.dictname") +
                ", ', ' order by x.mapseqno) as item from pg_ts_config_map x join ts_token_type(c.cfgparser) "
                "t on t.tokid = x.maptokentype join pg_ts_dict d on d.oid = x.mapdict join pg_namespace dn "
                "on dn.oid = d.dictnamespace where x.mapcfg = c.oid group by t.alias) m) as mappings, " +
                owner_of("c.cfgowner") + ", " + comment_of("pg_ts_config", "c.oid") +
                " from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace join pg_ts_parser p on "
                "p.oid = c.cfgparser join pg_namespace pn on pn.oid = p.prsnamespace where " +
                of_user("pg_ts_config", "c.oid")};
}

catalog_query wrappers() {
    return {object_kind::foreign_data_wrapper,
            "select w.fdwname as name, " + place_of("pg_foreign_data_wrapper", "w.oid") +
                "'CREATE FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname) || coalesce(' HANDLER ' || " +
                function_or_nothing("w.fdwhandler") + ", '') || coalesce(' VALIDATOR ' || " +
                function_or_nothing("w.fdwvalidator") + ", '') as definition, " +
                foreign_options("w.fdwoptions") + ", " + owner_of("w.fdwowner") + ", " +
                privileges_of("w.fdwacl", 'F', "w.fdwowner") + ", " +
                comment_of("pg_foreign_data_wrapper", "w.oid") + " from pg_foreign_data_wrapper w where " +
                made_by_user("pg_foreign_data_wrapper", "w.oid")};
}

catalog_query servers() {
    return {object_kind::foreign_server,
            "select s.srvname as name, " + place_of("pg_foreign_server", "s.oid") +
                "'CREATE SERVER ' || quote_ident(s.srvname) || coalesce(' TYPE ' || "
                "quote_literal(s.srvtype), '') || coalesce(' VERSION ' || quote_literal(s.srvversion), '') "
                "|| ' FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname) as definition, " +
                foreign_options("s.srvoptions") + ", " + owner_of("s.srvowner") + ", " +
                privileges_of("s.srvacl", 'S', "s.srvowner") + ", " +
                comment_of("pg_foreign_server", "s.oid") +
                " from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw where " +
                made_by_user("pg_foreign_server", "s.oid")};
}

catalog_query user_mappings() {
    return {object_kind::user_mapping,
            "select x.who || ' SERVER ' || quote_ident(m.srvname) as name, 'pg_user_mapping'::regclass::oid "
            "as classid, m.umid as objid, 0 as objsubid, 'CREATE USER MAPPING FOR ' || x.who || ' SERVER ' "
            "|| quote_ident(m.srvname) as definition, " +
                foreign_options("m.umoptions") +
                " from pg_user_mappings m cross join lateral (select case m.umuser when 0 then 'PUBLIC' else "
                "quote_ident(m.usename) end as who) x"};
}

catalog_query foreign_tables() {
    return {
        object_kind::foreign_table,
        "select n.nspname as schema, c.relname as name, " + place_of("pg_class", "c.oid") +
            "'CREATE FOREIGN TABLE ' || " + in_schema("n", "c.relname") +
            " || ' (' || coalesce((select string_agg(quote_ident(a.attname) || ' ' || "
            "format_type(a.atttypid, a.atttypmod) || coalesce(' OPTIONS (' || (select "
            "string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', ' order by "
            "option_name) from pg_options_to_table(a.attfdwoptions)) || ')', '') || case when "
            "a.attcollation <> 0 and a.attcollation <> t.typcollation then ' COLLATE ' || "
            "a.attcollation::regcollation::text else '' end || coalesce(case a.attgenerated when 's' then ' "
            "GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED' when '' then ' DEFAULT "
            "' || pg_get_expr(d.adbin, d.adrelid) end, '') || case when a.attnotnull then ' NOT NULL' else "
            "'' end, ', ' order by a.attnum) from pg_attribute a join pg_type t on t.oid = a.atttypid left "
            "join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = c.oid and "
            "a.attnum > 0 and not a.attisdropped), '') || ') SERVER ' || quote_ident(s.srvname) as "
            "definition, " +
            foreign_options("f.ftoptions") +
            ", (select string_agg(quote_ident(a.attname) || ' ' || d.description, chr(30) order by a.attnum) "
            "from pg_attribute a join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = "
            "c.oid and d.objsubid = a.attnum where a.attrelid = c.oid and a.attnum > 0) as column_comments, "
            "(select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), "
            "chr(30) order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and "
            "not a.attisdropped) as columns, " +
            owner_of("c.relowner") + ", " + privileges_of("c.relacl", 'r', "c.relowner") + ", " +
            comment_of("pg_class", "c.oid") +
            " from pg_foreign_table f join pg_class c on c.oid = f.ftrelid join pg_namespace n on n.oid = "
            "c.relnamespace join pg_foreign_server s on s.oid = f.ftserver where not c.relispartition and " +
            of_user("pg_class", "c.oid")};
}

catalog_query casts() {
    return {object_kind::type_cast,
            "select '(' || format_type(k.castsource, null) || ' AS ' || format_type(k.casttarget, null) || "
            "')' as name, " +
                place_of("pg_cast", "k.oid") +
                "'CREATE CAST (' || format_type(k.castsource, null) || ' AS ' || format_type(k.casttarget, "
                "null) || case k.castmethod when 'f' then ') WITH FUNCTION ' || "
                "k.castfunc::regprocedure::text when 'i' then ') WITH INOUT' else ') WITHOUT FUNCTION' end "
                "|| case k.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' "
                "end as definition, " +
                comment_of("pg_cast", "k.oid") +
                // A range's cast to its multirange comes with the range.
                " from pg_cast k where not exists (select from pg_depend i where i.classid = "
                "'pg_cast'::regclass and i.objid = k.oid and i.deptype = 'i') and " +
                made_by_user("pg_cast", "k.oid")};
}

catalog_query operators() {
    const auto other = [](const char* word, const char* column) {
        return std::string{" || coalesce(', "} + word +
               " = ' || (select 'OPERATOR(' || quote_ident(xn.nspname) || '.' || x.oprname || ')' from "
               "pg_operator x join pg_namespace xn on xn.oid = x.oprnamespace where x.oid = " +
               column + "), '')";
    };
    const auto estimator = [](const char* word, const char* column) {
        return std::string{" || coalesce(', "} + word + " = ' || " + function_or_nothing(column) + ", '')";
    };
    const std::string type = "format_type(nullif(o.oprleft, 0), null)";
    return {object_kind::operation,
            "select n.nspname as schema, o.oprname || ' (' || coalesce(" + type +
                ", 'NONE') || ', ' || format_type(o.oprright, null) || ')' as name, " +
                place_of("pg_operator", "o.oid") +
                "'CREATE OPERATOR ' || quote_ident(n.nspname) || '.' || o.oprname || ' (FUNCTION = ' || "
                "o.oprcode::regproc::text || coalesce(', LEFTARG = ' || " +
                type + ", '') || ', RIGHTARG = ' || format_type(o.oprright, null)" +
                other("COMMUTATOR", "o.oprcom") + other("NEGATOR", "o.oprnegate") +
                estimator("RESTRICT", "o.oprrest") + estimator("JOIN", "o.oprjoin") +
                " || case when o.oprcanhash then ', HASHES' else '' end || case when o.oprcanmerge then ', "
                "MERGES' else '' end || ')' as definition, " +
                owner_of("o.oprowner") + ", " + comment_of("pg_operator", "o.oid") +
                " from pg_operator o join pg_namespace n on n.oid = o.oprnamespace where o.oprcode::oid <> 0 "
                "and " +
                of_user("pg_operator", "o.oid")};
}

/// The operators and functions of a family that are in no class (`of` empty), or of a class.
std::string members(const std::string& family, const std::string& of) {
    const auto in_class = [&](const char* catalog, const char* oid) {
        const auto known = std::string{" (select from pg_depend i where i.classid = '"} + catalog +
                           "'::regclass and i.objid = " + oid + " and i.refclassid = 'pg_opclass'::regclass";
        return of.empty() ? " and not exists" + known + ")"
                          : " and exists" + known + " and i.refobjid = " + of + ")";
    };
    return "(select string_agg(m.item, chr(30) order by m.item) from (select 'OPERATOR ' || a.amopstrategy "
           "|| ' ' || a.amopopr::regoperator::text || case when a.amopsortfamily <> 0 then (select ' FOR "
           "ORDER BY ' || quote_ident(sn.nspname) || '.' || quote_ident(sf.opfname) from pg_opfamily sf join "
           "pg_namespace sn on sn.oid = sf.opfnamespace where sf.oid = a.amopsortfamily) else '' end as item "
           "from pg_amop a where a.amopfamily = " +
           family + in_class("pg_amop", "a.oid") +
           " union all select 'FUNCTION ' || a.amprocnum || ' (' || format_type(a.amproclefttype, null) || "
           "', ' || format_type(a.amprocrighttype, null) || ') ' || a.amproc::regprocedure::text from "
           "pg_amproc a where a.amprocfamily = " +
           family + in_class("pg_amproc", "a.oid") + ") m)";
}

catalog_query families() {
    return {object_kind::operator_family,
            "select n.nspname as schema, quote_ident(f.opfname) || ' USING ' || am.amname as name, " +
                place_of("pg_opfamily", "f.oid") + "'CREATE OPERATOR FAMILY ' || " +
                in_schema("n", "f.opfname") + " || ' USING ' || am.amname as definition, " +
                members("f.oid", "") + " as members, " + owner_of("f.opfowner") + ", " +
                comment_of("pg_opfamily", "f.oid") +
                " from pg_opfamily f join pg_namespace n on n.oid = f.opfnamespace join pg_am am on am.oid = "
                "f.opfmethod where " +
                of_user("pg_opfamily", "f.oid")};
}

catalog_query classes() {
    return {object_kind::operator_class,
            "select n.nspname as schema, quote_ident(c.opcname) || ' USING ' || am.amname as name, " +
                place_of("pg_opclass", "c.oid") + "'CREATE OPERATOR CLASS ' || " +
                in_schema("n", "c.opcname") +
                " || case when c.opcdefault then ' DEFAULT' else '' end || ' FOR TYPE ' || "
                "format_type(c.opcintype, null) || ' USING ' || am.amname || ' FAMILY ' || " +
                in_schema("fn", "f.opfname") +
                " || ' AS ' || case when c.opckeytype <> 0 then 'STORAGE ' || format_type(c.opckeytype, "
                "null) || ', ' else '' end || replace(" +
                members("c.opcfamily", "c.oid") + ", chr(30), ', ') as definition, " +
                owner_of("c.opcowner") + ", " + comment_of("pg_opclass", "c.oid") +
                " from pg_opclass c join pg_namespace n on n.oid = c.opcnamespace join pg_am am on am.oid = "
                "c.opcmethod join pg_opfamily f on f.oid = c.opcfamily join pg_namespace fn on fn.oid = "
                "f.opfnamespace where " +
                of_user("pg_opclass", "c.oid")};
}

catalog_query publications(int version) {
    const std::string table = "quote_ident(tn.nspname) || '.' || quote_ident(t.relname)";
    const std::string columns =
        "coalesce(' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from "
        "pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[])) || ')', '') || "
        "coalesce(' WHERE ' || pg_get_expr(r.prqual, r.prrelid), '')";
    const std::string from = " from pg_publication_rel r join pg_class t on t.oid = r.prrelid join "
                             "pg_namespace tn on tn.oid = t.relnamespace where r.prpubid = p.oid";
    const auto items =
        version >= 150000
            ? "select 'TABLE ' || " + table + " || " + columns + " as item" + from +
                  " union all select 'TABLES IN SCHEMA ' || quote_ident(sn.nspname) from "
                  "pg_publication_namespace s join pg_namespace sn on sn.oid = s.pnnspid where s.pnpubid = "
                  "p.oid"
            : "select " + table + " as item" + from;
    return {object_kind::publication,
            "select p.pubname as name, " + place_of("pg_publication", "p.oid") +
                "case when p.puballtables then 'ALL TABLES' else (select string_agg(x.item, chr(30) order by "
                "x.item) from (" +
                items +
                ") x) end as objects, 'publish = ''' || concat_ws(', ', case when p.pubinsert then 'insert' "
                "end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end, case "
                "when p.pubtruncate then 'truncate' end) || ''', publish_via_partition_root = ' || "
                "p.pubviaroot as options, " +
                owner_of("p.pubowner") + ", " + comment_of("pg_publication", "p.oid") +
                " from pg_publication p where " + made_by_user("pg_publication", "p.oid")};
}

} // namespace

std::vector<catalog_query> other_queries(int version) {
    return {collations(),     dictionaries(), configurations(), wrappers(), servers(), user_mappings(),
            foreign_tables(), casts(),        operators(),      families(), classes(), publications(version)};
}

std::string unmanaged_query() {
    const auto count = [](const char* what, const char* catalog, const char* oid) {
        return std::string{"select '"} + what + "', count(*) from " + catalog + " o where " +
               made_by_user(catalog, std::string{"o."} + oid);
    };
    return count("languages", "pg_language", "oid") + " union all " +
           count("access methods", "pg_am", "oid") + " union all " +
           count("conversions", "pg_conversion", "oid") + " union all " +
           count("transforms", "pg_transform", "oid") + " union all " +
           count("text search parsers", "pg_ts_parser", "oid") + " union all " +
           count("text search templates", "pg_ts_template", "oid") +
           " union all select 'base types', count(*) from pg_type o where o.typtype = 'b' and o.typelem = 0 "
           "and " +
           made_by_user("pg_type", "o.oid") +
           " union all select 'subscriptions', count(*) from pg_stat_subscription o where o.subid >= 16384 "
           "union all select 'foreign partitions', count(*) from pg_class o where o.relkind = 'f' and "
           "o.relispartition and " +
           made_by_user("pg_class", "o.oid");
}

} // namespace tusk::schema::detail
