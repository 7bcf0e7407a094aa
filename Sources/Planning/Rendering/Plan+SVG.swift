/// The plan as a picture that every browser shows.
extension Plan {
    /// Draws the plan as a picture: a box for every task, and arrows from what comes first to what comes after.
    ///
    /// A dependency that follows from others has no arrow, which the picture says: between those the arrows that remain
    /// would be hard to follow.
    ///
    /// - Parameter states: The states of the tasks by their names, which the boxes show in words and colours.
    /// - Returns: The picture as XML.
    public func renderSVG(states: [String: DrawnState] = [:]) -> String {
        let role = roles.isEmpty ? "" : " of \(roles.count == 1 ? "role" : "roles") \(list(roles))"
        let section = PlanDocument.Section(heading: "Plan\(role)", picture: PlanPicture(self, states: states))
        return PlanDocument(section.heading, [section], isFramed: false).markup
    }
}
