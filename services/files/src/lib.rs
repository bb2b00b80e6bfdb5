//! Files of partners: templates, uploads with a marked copy back, saved column mappings, monthly statements.
